/**
 * How the extension is built, and its manifest: what it asks of the browser and why.
 *
 * Names and identities come from manifests/identity.json, the one place that knows them.
 */

import { defineConfig } from "wxt";
import identity from "../manifests/identity.json" with { type: "json" };

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

export default defineConfig({
  imports: false,
  manifest: ({ browser }) => ({
    name: "pkarr",
    description: identity.description,
    permissions: [...PERMISSIONS, browser === "firefox" ? TURN_NAVIGATIONS.firefox : TURN_NAVIGATIONS.chrome],
    host_permissions: HOSTS,
    content_scripts: [LINKS],
    incognito: "spanning",
    // Names of keys, typed after it; what follows goes to no search engine.
    omnibox: { keyword: "pk" },
    action: {
      default_title: "pkarr",
      default_icon: { 16: "icon/16.png", 32: "icon/32.png", 48: "icon/48.png" },
    },
    // A navigation that began on a web page may end on these only if the page could have named them.
    // All take their address as hostile and do nothing inside a frame.
    web_accessible_resources: [{ resources: ["host.html", "https.html", "open.html"], matches: HOSTS }],
    ...(browser === "firefox"
      ? {
          browser_specific_settings: {
            gecko: {
              id: identity.firefox.id,
              strict_min_version: "142.0",
              data_collection_permissions: { required: ["none"] },
            },
          },
          // What a page may register for itself too. Chromium knows nothing like it for extensions.
          protocol_handlers: [{ protocol: "web+pk", name: "pkarr", uriTemplate: "/open.html?link=%s" }],
        }
      : { key: identity.chromium.key, minimum_chrome_version: "126" }),
  }),
  hooks: {
    "vite:build:extendConfig": (entries, config) => {
      // They run in every page, so they are kept short; their comments are in the sources.
      if (entries.some(({ name }) => name === "links" || name === "linkify"))
        config.build = { ...config.build, minify: true };
    },
  },
  vite: () => ({
    define: { __HOST_NAME__: JSON.stringify(identity.host) },
    // Reviewers and users can read what runs.
    build: { minify: false },
  }),
});
