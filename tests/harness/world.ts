/**
 * A small world: a DHT on this machine, keys published in it, and web sites their records point to.
 *
 * Records carry no port for a plain `http://<key>/`, so each site has port 80 of an address of its own in 127.0.0.0/8.
 * Where that port can't be had, the world is told another one and the addresses people see end in it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cleanup } from "./cleanup.ts";
import { binary } from "./paths.ts";
import { type KeyFile, newKey, publish, type Settings, startTestnet } from "./pkarr.ts";
import { type Routes, Site, type SiteOptions } from "./site.ts";

/** Enough for a lookup to take several steps, few enough to start at once. */
const NODES = 10;

export interface WorldOptions {
  nodes?: number;
  /** The program; the debug build unless told otherwise. */
  binary?: string;
}

export interface KeySite {
  key: string;
  file: KeyFile;
  site: Site;
  /** `http://<key>/`, with what follows the host if told. */
  url(path?: string, subdomain?: string): string;
}

export class World {
  readonly bootstrap: string[];
  readonly directory: string;
  readonly settings: Settings;
  readonly #cleanup: Cleanup;
  #addresses = 0;
  #keys = 0;

  private constructor(parts: {
    bootstrap: string[];
    directory: string;
    settings: Settings;
    cleanup: Cleanup;
  }) {
    this.bootstrap = parts.bootstrap;
    this.directory = parts.directory;
    this.settings = parts.settings;
    this.#cleanup = parts.cleanup;
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const cleanup = new Cleanup();
    try {
      const directory = mkdtempSync(join(tmpdir(), "pkarr-world-"));
      cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
      const program = options.binary ?? binary;
      const before = {
        binary: program,
        env: { PKARR_NO_RELAYS: "1", PKARR_DATA_DIR: join(directory, "data") },
      };
      const { bootstrap, running } = await startTestnet(before, options.nodes ?? NODES);
      cleanup.defer(() => running.stop());
      const settings = { binary: program, env: { ...before.env, PKARR_BOOTSTRAP: bootstrap.join(",") } };
      return new World({ bootstrap, directory, settings, cleanup });
    } catch (failure) {
      await cleanup.run();
      throw failure;
    }
  }

  /** The variables that make a native host live in this world; the data folder is a new one each time. */
  hostEnv(extra: Record<string, string> = {}): Record<string, string> {
    const data = mkdtempSync(join(this.directory, "host-"));
    return { ...this.settings.env, PKARR_DATA_DIR: data, PKARR_ALLOW_PRIVATE: "1", ...extra };
  }

  /** An address no other site of this world has. */
  address(): string {
    this.#addresses += 1;
    return `127.80.${this.#addresses >> 8}.${this.#addresses & 255}`;
  }

  async key(): Promise<KeyFile> {
    this.#keys += 1;
    return await newKey(this.settings, join(this.directory, `key-${this.#keys}`));
  }

  /** Publishes a zone, RFC 1035 text with names relative to the key. */
  async publish(key: KeyFile, zone: string): Promise<void> {
    const file = join(this.directory, `${key.key}.zone`);
    writeFileSync(file, zone.endsWith("\n") ? zone : `${zone}\n`);
    await publish(this.settings, key, file);
  }

  async site(routes: Routes, options: Partial<SiteOptions> = {}): Promise<Site> {
    const site = await Site.start({ address: this.address(), ...options, routes });
    this.#cleanup.defer(() => site.stop());
    return site;
  }

  /** A site, and a key whose apex and every sub-domain point to it. */
  async keySite(routes: Routes, options: Partial<SiteOptions> = {}): Promise<KeySite> {
    const site = await this.site(routes, options);
    const file = await this.key();
    await this.publish(file, `@ 300 A ${site.address}\n* 300 A ${site.address}\n`);
    const port = site.port === 80 ? "" : `:${site.port}`;
    const url = (path = "/", subdomain = "") =>
      `http://${subdomain && `${subdomain}.`}${file.key}${port}${path}`;
    return { key: file.key, file, site, url };
  }

  async stop(): Promise<void> {
    await this.#cleanup.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
