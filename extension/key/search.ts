/**
 * Keys that were typed, and what the address bar made of them.
 *
 * Browsers take a bare key, `pk:<key>` and (Chromium) `www.<key>` for words to search for. This module reads
 * the address of such a search, without knowing the engine, and says which key host was meant.
 */

import { KEY_PATTERN, keyHostOf } from "./key";

/** The query parameters the engines take the words from that browsers come with. */
export const SEARCH_PARAMETERS = ["q", "p", "wd", "text", "query", "search"] as const;

/**
 * Those that others take them from. Not any parameter there is: pages about keys have them too (`?key=`, `?id=`), and
 * whoever goes there means the page.
 */
export const OTHER_PARAMETERS = ["s", "k", "w", "word", "kw", "keyword", "keywords"] as const;
/** And those of shops and dictionaries that browsers come with in some countries. */
export const RARE_PARAMETERS = ["string", "as_word", "search_query"] as const;

/** What stands in a path before the words: `/search/<words>`. */
export const SEARCH_PATHS = ["search", "find", "s", "q"] as const;

const PARAMETERS = [...SEARCH_PARAMETERS, ...OTHER_PARAMETERS, ...RARE_PARAMETERS];
const PATH_WORDS = new RegExp(`/(?:${SEARCH_PATHS.join("|")})/(.+)$`);

const KEY_ANYWHERE = new RegExp(KEY_PATTERN, "i");
const SCHEME = /^(?:pk|pubky):(?:\/\/)?/i;
const GLUED_SCHEME = new RegExp(`^pubky(?=${KEY_PATTERN}(?:$|[/?#:.]))`, "i");
const WEB_ADDRESS = /^https?:\/\//i;

/** What an address gets that was typed without: `https://` where that opens key hosts. */
export type Scheme = "http" | "https";

/**
 * The address meant by what a person typed: `<key>`, `www.<key>/path`, `pk:<key>`, `pk://<key>/`,
 * `pubky<key>`, `pubky://<key>`, or a web address with a key host. Null if it names no key.
 */
export function typedAddress(text: string, scheme: Scheme = "http"): string | null {
  const typed = text.trim();
  if (!KEY_ANYWHERE.test(typed)) return null;
  const written = WEB_ADDRESS.test(typed);
  const url = URL.parse(written ? typed : `http://${typed.replace(SCHEME, "").replace(GLUED_SCHEME, "")}`);
  // With a name before it, it was an e-mail address or the like and is a search after all.
  if (!url || url.username || url.password || !keyHostOf(url)) return null;
  // A port of its own is that of a server, which may speak either; the records know.
  if (!written && url.port === "") url.protocol = scheme;
  return url.href;
}

/** The address meant by a search whose words are a key, or null for any other address. */
export function searchedAddress(search: string, scheme: Scheme = "http"): string | null {
  if (!KEY_ANYWHERE.test(search)) return null;
  const url = URL.parse(search);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:") || keyHostOf(url)) return null;
  const words = PARAMETERS.flatMap((name) => url.searchParams.getAll(name));
  return firstAddress([...words, pathWords(url)], scheme);
}

/**
 * The same for a search that is sent as a form (POST), by the form's fields with their values: some engines take their
 * words so, lest they stand in an address.
 */
export function postedAddress(
  search: string,
  form: Readonly<Record<string, readonly unknown[]>>,
  scheme: Scheme = "http",
): string | null {
  const url = URL.parse(search);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:") || keyHostOf(url)) return null;
  const words = PARAMETERS.flatMap((name) => (Object.hasOwn(form, name) ? (form[name] ?? []) : []));
  return firstAddress(
    words.filter((value) => typeof value === "string"),
    scheme,
  );
}

function firstAddress(words: readonly string[], scheme: Scheme): string | null {
  for (const each of words) {
    const address = typedAddress(each, scheme);
    if (address) return address;
  }
  return null;
}

function pathWords({ pathname }: URL): string {
  try {
    return decodeURIComponent(PATH_WORDS.exec(pathname)?.[1]?.replaceAll("+", " ") ?? "");
  } catch {
    return ""; // not of a browser's making
  }
}
