/**
 * A small world: a DHT on this machine, keys published in it, and web sites their records point to.
 *
 * Records carry no port for a plain `http://<key>/`, so each site has port 80 of an address of its own in 127.0.0.0/8.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cleanup } from "./cleanup.ts";
import { binary } from "./paths.ts";
import { type KeyFile, newKey, publish, type Settings, showKey, startProxy, startTestnet } from "./pkarr.ts";
import type { Running } from "./processes.ts";
import { type Routes, Site, type SiteOptions } from "./site.ts";

/** Enough for a lookup to take several steps, few enough to start at once. */
const NODES = 10;

export interface WorldOptions {
  /** The program; the debug build unless told otherwise. */
  binary?: string;
  /** The public DHT instead of one on this machine. */
  mainline?: boolean;
  /** Where keys and data stay for the next world; without it they are temporary. */
  directory?: string;
}

export interface KeySite {
  key: string;
  file: KeyFile;
  site: Site;
  /** `http://<key>/`, or another path, or a sub-domain. */
  url(path?: string, subdomain?: string): string;
}

/** A site that is spoken to in TLS with its key: `url` gives `https://` addresses. */
export interface SecureSite extends KeySite {
  /** Ends what speaks TLS, and the site behind it. */
  stop(): Promise<void>;
}

export class World {
  /** The nodes of the DHT on this machine; none where it is the public one. */
  readonly bootstrap: string[];
  readonly settings: Settings;
  readonly #directory: string;
  readonly #testnet: Running | null;
  readonly #cleanup: Cleanup;
  #addresses = 0;
  #keys = 0;
  #hosts = 0;
  #homes = 0;

  private constructor(
    directory: string,
    testnet: { bootstrap: string[]; running: Running } | null,
    settings: Settings,
    cleanup: Cleanup,
  ) {
    this.bootstrap = testnet?.bootstrap ?? [];
    this.#testnet = testnet?.running ?? null;
    this.settings = settings;
    this.#directory = directory;
    this.#cleanup = cleanup;
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const cleanup = new Cleanup();
    try {
      const directory = options.directory ?? mkdtempSync(join(tmpdir(), "pkarr-world-"));
      if (!options.directory)
        cleanup.defer(() =>
          rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
        );
      const settings: Settings = {
        binary: options.binary ?? binary,
        // A configuration of the user's own has no say here.
        env: { PKARR_DATA_DIR: join(directory, "data"), PKARR_CONFIG: "/dev/null" },
      };
      const testnet = options.mainline ? null : await startTestnet(settings, NODES);
      if (testnet) {
        cleanup.defer(() => testnet.running.stop());
        Object.assign(settings.env, { PKARR_BOOTSTRAP: testnet.bootstrap.join(","), PKARR_NO_RELAYS: "1" });
      }
      return new World(directory, testnet, settings, cleanup);
    } catch (failure) {
      await cleanup.run();
      throw failure;
    }
  }

  /** The variables that make a native host live in this world, each time with a data folder of its own. */
  hostEnv(extra: Record<string, string> = {}): Record<string, string> {
    this.#hosts += 1;
    const data = join(this.#directory, `host-${this.#hosts}`);
    mkdirSync(data, { recursive: true });
    return { ...this.settings.env, PKARR_DATA_DIR: data, PKARR_ALLOW_PRIVATE: "1", ...extra };
  }

  /** A home for a browser that is started more than once. */
  home(): string {
    this.#homes += 1;
    const home = join(this.#directory, `home-${this.#homes}`);
    mkdirSync(home);
    return home;
  }

  /** An address no other site of this world has. */
  address(): string {
    this.#addresses += 1;
    return `127.80.${this.#addresses >> 8}.${this.#addresses & 255}`;
  }

  /** Another key; in a kept world the one that had its place before. */
  async key(): Promise<KeyFile> {
    this.#keys += 1;
    const file = join(this.#directory, `key-${this.#keys}`);
    return existsSync(file) ? await showKey(this.settings, file) : await newKey(this.settings, file);
  }

  /** Publishes a zone, RFC 1035 text with names relative to the key. */
  async publish(key: KeyFile, zone: string): Promise<void> {
    const file = join(this.#directory, `${key.key}.zone`);
    writeFileSync(file, `${zone}\n`);
    await publish(this.settings, key, file);
  }

  /** A new key with this zone under it. */
  async published(zone: string): Promise<KeyFile> {
    const key = await this.key();
    await this.publish(key, zone);
    return key;
  }

  async site(routes: Routes, options: Partial<SiteOptions> = {}): Promise<Site> {
    const site = await Site.start({ address: this.address(), ...options, routes });
    this.#cleanup.defer(() => site.stop());
    return site;
  }

  /** A site, and a key whose apex and every sub-domain point to it. */
  async keySite(routes: Routes, options: Partial<SiteOptions> = {}): Promise<KeySite> {
    const site = await this.site(routes, options);
    const file = await this.published(`@ 300 A ${site.address}\n* 300 A ${site.address}`);
    const port = site.port === 80 ? "" : `:${site.port}`;
    const url = (path = "/", subdomain = "") =>
      `http://${subdomain && `${subdomain}.`}${file.key}${port}${path}`;
    return { key: file.key, file, site, url };
  }

  /** A site behind `pkarr proxy`, and a key whose records lead there. */
  async secureSite(routes: Routes, options: { subdomains?: boolean } = {}): Promise<SecureSite> {
    const site = await this.site(routes);
    const file = await this.key();
    const proxy = await this.secure(file, site, options);
    const url = (path = "/", subdomain = "") => `https://${subdomain && `${subdomain}.`}${file.key}${path}`;
    const stop = async () => {
      await proxy.stop();
      await site.stop();
    };
    return { key: file.key, file, site, url, stop };
  }

  /**
   * Puts `pkarr proxy` in front of a site, which publishes its own records; with `subdomains`, of which it knows
   * nothing, all records are published beside it.
   */
  async secure(key: KeyFile, site: Site, { subdomains = false } = {}): Promise<Running> {
    const proxy = await this.proxy(key, site, { publish: !subdomains });
    if (subdomains) {
      const port = securePort(site) === 443 ? "" : ` port=${securePort(site)}`;
      const records = (name: string) => `${name} 300 HTTPS 1 .${port}\n${name} 300 A ${site.address}\n`;
      await this.publish(key, records("@") + records("*"));
    }
    return proxy;
  }

  /** `pkarr proxy` beside a site, at its address, with this key, whatever the records say. */
  async proxy(key: KeyFile, site: Site, { publish = false } = {}): Promise<Running> {
    const places = { to: `${site.address}:${site.port}`, listen: `${site.address}:${securePort(site)}` };
    const proxy = await startProxy(this.settings, key, { ...places, publish });
    this.#cleanup.defer(() => proxy.stop());
    return proxy;
  }

  /** Remembers what has to be undone with this world. */
  defer(step: () => unknown): void {
    this.#cleanup.defer(step);
  }

  /** Takes the DHT away for good. */
  async cut(): Promise<void> {
    await this.#testnet?.stop();
  }

  async stop(): Promise<void> {
    await this.#cleanup.run();
  }
}

/** Who may not listen at port 80 may not at 443 either. */
function securePort(site: Site): number {
  return site.port === 80 ? 443 : site.port + 363;
}
