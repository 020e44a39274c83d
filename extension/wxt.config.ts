/**
 * How the extension is built, and its manifest: what it asks of the browser and why.
 *
 * Names and identities come from manifests/identity.json, the one place that knows them.
 */

import { fileURLToPath } from "node:url";
import { defineConfig } from "wxt";
import identity from "../manifests/identity.json" with { type: "json" };
import { localeAssets } from "./i18n/assets";

/** Asked for in both browsers. */
const PERMISSIONS = [
  // To talk to the pkarr program, which knows keys and runs the gateway.
  "nativeMessaging",
  // To send key hosts, and nothing else, to the gateway.
  "proxy",
  // To keep the settings, names of keys, keys opened before, the gateway's last port and the proxy found before ours.
  "storage",
  // To notice keys that were opened, and those that failed because the gateway was away; in Firefox also to turn
  // navigations.
  "webRequest",
  // To open a selected key, and to copy the address of a key as pk:.
  "contextMenus",
  // To make links of keys in the text of pages, for those who want that.
  "scripting",
];

/** To turn a search for a key back before it leaves the machine, and to say when the program is missing. */
const TURN_NAVIGATIONS = {
  chrome: "declarativeNetRequestWithHostAccess",
  firefox: "webRequestBlocking",
};

/** Asked for once somebody wants the browser's search suggestions off, which Firefox lets no extension switch. */
const OPTIONAL = ["privacy" as const];

/** Any search engine may get the key, any page may link to one. */
const HOSTS = ["<all_urls>"];

/** Links to keys may stand in any page, in any frame of it. Kept from the bundler's own wrapper, which pages can see. */
const LINKS = {
  js: ["links.js"],
  matches: HOSTS,
  run_at: "document_start" as const,
  all_frames: true,
  match_about_blank: true,
  match_origin_as_fallback: true,
};

/** Built for the Chrome Web Store and Edge, by `npm run packages`. */
const FOR_STORE = process.env.PKARR_PACKAGE === "store";

/** Built for a site that is no store, by `installer/build`: below this address are `updates.xml` and `updates.json`. */
const HOSTED_AT = process.env.PKARR_HOSTED_AT;

/** Beside the folders that are loaded unpacked. */
const VARIANT = FOR_STORE ? "-store" : HOSTED_AT ? "-hosted" : "";

export default defineConfig({
  imports: false,
  outDirTemplate: `{{browser}}-mv{{manifestVersion}}${VARIANT}`,
  manifest: ({ browser }) => ({
    name: "__MSG_name__",
    description: "__MSG_description__",
    default_locale: "en",
    permissions: [...PERMISSIONS, browser === "firefox" ? TURN_NAVIGATIONS.firefox : TURN_NAVIGATIONS.chrome],
    host_permissions: HOSTS,
    ...(browser === "firefox" ? {} : { optional_permissions: OPTIONAL }),
    content_scripts: [LINKS],
    // Firefox knows no other; in Chromium pages of an extension show in private windows only if it is split.
    incognito: browser === "firefox" ? "spanning" : "split",
    // Names of keys, typed after it; what follows goes to no search engine.
    omnibox: { keyword: "pk" },
    action: {
      default_title: "__MSG_action__",
      default_icon: { 16: "icon/idle-16.png", 32: "icon/idle-32.png", 48: "icon/idle-48.png" },
    },
    // A navigation that began on a web page may end on these only if the page could have named them.
    // All take their address as hostile and do nothing inside a frame.
    web_accessible_resources: [
      {
        resources: ["host.html", "https.html", "open.html"],
        matches: HOSTS,
        // Chromium's extensions have the same address everywhere: pages would find out by it who has this one. Tabs
        // are turned to it all the same. (Firefox gives each profile an address of its own.)
        ...(browser === "firefox" ? {} : { use_dynamic_url: true }),
      },
    ],
    ...(browser === "firefox"
      ? {
          browser_specific_settings: {
            gecko: {
              id: identity.firefox.id,
              strict_min_version: "142.0",
              data_collection_permissions: { required: ["none"] },
              ...(HOSTED_AT ? { update_url: `${HOSTED_AT}/updates.json` } : {}),
            },
          },
          // What a page may register for itself too. Chromium knows nothing like it for extensions.
          protocol_handlers: [
            { protocol: "web+pk", name: "__MSG_linkHandler__", uriTemplate: "/open.html?link=%s" },
          ],
        }
      : {
          minimum_chrome_version: "126",
          // The stores give an extension its key, and take none that brings one.
          ...(FOR_STORE ? {} : { key: identity.chromium.key }),
          ...(HOSTED_AT ? { update_url: `${HOSTED_AT}/updates.xml` } : {}),
        }),
  }),
  hooks: {
    "build:publicAssets": (_wxt, files) => {
      files.push(...localeAssets());
    },
    "vite:build:extendConfig": (entries, config) => {
      // They run in every page, so they are kept short; their comments are in the sources.
      if (entries.some(({ name }) => name === "links" || name === "linkify"))
        config.build = { ...config.build, minify: true };
    },
  },
  zip: {
    artifactTemplate: `pkarr-{{version}}-{{browser}}${HOSTED_AT ? "-hosted" : ""}.zip`,
    sourcesTemplate: "pkarr-{{version}}-sources.zip",
    // What a reviewer needs to build the same bytes again: extension/README.md tells how.
    sourcesRoot: "..",
    includeSources: ["extension/**", "manifests/identity.json", "LICENSE"],
    excludeSources: ["**/node_modules/**", "extension/.output/**", "extension/.wxt/**"],
  },
  vite: () => ({
    define: { __HOST_NAME__: JSON.stringify(identity.host) },
    // Reviewers and users can read what runs.
    build: { minify: false },
    plugins: [
      {
        // The bundler notes in comments where its input was, and packages are the same wherever they are built.
        name: "no-paths-of-this-machine",
        renderChunk: (code: string) => code.replaceAll(fileURLToPath(new URL(".", import.meta.url)), ""),
      },
    ],
  }),
});
