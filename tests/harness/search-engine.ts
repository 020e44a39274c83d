/**
 * The search engines browsers come with, played on this machine: their names lead here, and every request of theirs is
 * written down with what it is about.
 *
 * Browsers connect to their engine before anybody searches. Only a request tells the engine something.
 */
import { selfSigned } from "./certificate.ts";
import type { Resolver } from "./dns.ts";
import { page, type Site, type Visit } from "./site.ts";
import type { World } from "./world.ts";

const ENGINES = ["duckduckgo.com", "www.google.com", "google.com", "www.bing.com", "search.brave.com"];

export class SearchEngine {
  readonly #site: Site;

  private constructor(site: Site) {
    this.#site = site;
  }

  static async start(world: World, dns: Resolver): Promise<SearchEngine> {
    const tls = await selfSigned(ENGINES);
    const site = await world.site({ "/*": page("Results") }, { tls });
    for (const name of ENGINES) dns.set(name, site.address);
    return new SearchEngine(site);
  }

  /** Searches for something that contains `words`: what becomes a page of results. */
  searches(words: string): Visit[] {
    return this.#about(words).filter((visit) => visit.headers["sec-fetch-mode"] === "navigate");
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
