/**
 * The search engines browsers come with, played on this machine: their names lead here, and every request of theirs is
 * written down with what it is about.
 *
 * Browsers connect to their engine before anybody searches. Only a request tells the engine something.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "./certificate.ts";
import type { Resolver } from "./dns.ts";
import { page, type Site, type Visit } from "./site.ts";
import type { World } from "./world.ts";

/** Where they take their words, as Chromium and Firefox have it in what they come with: `{}` stands for the words. */
export const ENGINES: Readonly<Record<string, string>> = {
  Google: "https://www.google.com/search?client=firefox-b-d&q={}",
  Bing: "https://www.bing.com/search?q={}",
  DuckDuckGo: "https://duckduckgo.com/?t=ffab&q={}",
  Ecosia: "https://www.ecosia.org/search?q={}",
  Yahoo: "https://search.yahoo.com/search?fr=crmas_sfp&p={}",
  Startpage: "https://www.startpage.com/sp/search?q={}",
  Qwant: "https://www.qwant.com/?q={}",
  Brave: "https://search.brave.com/search?q={}",
  Baidu: "https://www.baidu.com/s?ie=utf-8&wd={}",
  Yandex: "https://yandex.com/search/?text={}",
  Wikipedia: "https://en.wikipedia.org/wiki/Special:Search?search={}",
  Sogou: "https://www.sogou.com/web?ie=utf-8&query={}",
  eBay: "https://rover.ebay.com/rover/1/711-53200-19255-0/1?kw={}",
  YouTube: "https://www.youtube.com/results?search_query={}",
  "one of one's own": "https://engine.example/find?lang=en&keyword={}&page=1",
  "one of one's own that takes them in the path": "https://engine.example/search/{}",
};

const HOSTS = [...new Set(Object.values(ENGINES).map((template) => new URL(template).host)), "google.com"];

export const POSTING_ENGINE = "Posting engine";

/** An extension, for Firefox, that brings an engine which takes its words as a form: they stand in no address. */
export function postingEngine(): string {
  const folder = mkdtempSync(join(tmpdir(), "pkarr-engine-"));
  const provider = {
    name: POSTING_ENGINE,
    search_url: "https://engine.example/posted",
    search_url_post_params: "language=all&q={searchTerms}",
    is_default: false,
  };
  const manifest = {
    manifest_version: 2,
    name: POSTING_ENGINE,
    version: "1",
    browser_specific_settings: { gecko: { id: "posting-engine@tests.example" } },
    chrome_settings_overrides: { search_provider: provider },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  return folder;
}

export class SearchEngine {
  readonly #site: Site;

  private constructor(site: Site) {
    this.#site = site;
  }

  static async start(world: World, dns: Resolver): Promise<SearchEngine> {
    const tls = await selfSigned(HOSTS);
    const site = await world.site({ "/*": page("Results") }, { tls });
    for (const name of HOSTS) dns.set(name, site.address);
    return new SearchEngine(site);
  }

  /** Searches for something that contains `words`: what becomes a page of results. */
  searches(words: string): Visit[] {
    return this.#about(words).filter((visit) => visit.headers["sec-fetch-mode"] === "navigate");
  }

  /** The paths of all pages it was asked for at this host. */
  pages(host: string): string[] {
    return this.#site.visits
      .filter((visit) => visit.host === host && visit.headers["sec-fetch-mode"] === "navigate")
      .map(({ path }) => path);
  }

  /** Everything else it was told about `words`, such as requests for suggestions while they were typed. */
  suggestions(words: string): Visit[] {
    return this.#about(words).filter((visit) => visit.headers["sec-fetch-mode"] !== "navigate");
  }

  #about(words: string): Visit[] {
    const wanted = new URLSearchParams({ words }).toString().slice("words=".length);
    return this.#site.visits.filter((visit) => visit.path.replaceAll("%20", "+").includes(wanted));
  }
}
