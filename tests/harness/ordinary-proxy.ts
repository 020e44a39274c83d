/**
 * An ordinary HTTP proxy, as companies have them: it answers for every name by itself, and writes down what went
 * through it. And a tiny extension that holds the browser's proxy.
 */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { page } from "./site.ts";

const PORT = 3128;

export class OrdinaryProxy {
  readonly address: string;
  /** The addresses asked for. */
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor(address: string) {
    this.address = address;
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? "");
      response.writeHead(200, { "content-type": "text/html", "cache-control": "no-store" });
      response.end(page("By proxy"));
    });
  }

  static async start(address: string): Promise<OrdinaryProxy> {
    const proxy = new OrdinaryProxy(address);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(PORT, address, resolve);
    });
    return proxy;
  }

  /** Host and port. */
  get place(): string {
    return `${this.address}:${PORT}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The folder of an extension that sends everything to this proxy. */
  extension(): string {
    const folder = join(mkdtempSync(join(tmpdir(), "pkarr-other-")), "extension");
    mkdirSync(folder);
    const manifest = {
      manifest_version: 3,
      name: "Holds the proxy",
      version: "1",
      permissions: ["proxy"],
      host_permissions: ["<all_urls>"],
      background: { service_worker: "background.js", scripts: ["background.js"] },
      browser_specific_settings: { gecko: { id: "holds-the-proxy@tests.example" } },
    };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    const server = { scheme: "http", host: this.address, port: PORT };
    writeFileSync(
      join(folder, "background.js"),
      `if (chrome.proxy.onRequest) {
        chrome.proxy.onRequest.addListener(
          () => ({ type: "http", host: "${this.address}", port: ${PORT} }), { urls: ["<all_urls>"] });
      } else {
        const rules = { singleProxy: ${JSON.stringify(server)} };
        chrome.proxy.settings.set({ value: { mode: "fixed_servers", rules }, scope: "regular" });
      }`,
    );
    return folder;
  }
}
