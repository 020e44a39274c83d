/**
 * Web sites on this machine: what a test wants to be served, with a list of who asked for what.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { WebSocketServer } from "ws";

export interface Visit {
  method: string;
  path: string;
  host: string;
  headers: IncomingHttpHeaders;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A path to a page (HTML text), or to whatever else answers. A path ending in `*` stands for all that start so. */
export type Routes = Record<string, string | Answer>;

export interface SiteOptions {
  address: string;
  port?: number;
  routes: Routes;
  /** A private key and certificate in PEM make it an https site. */
  tls?: { key: string; cert: string };
}

export class Site {
  readonly address: string;
  readonly port: number;
  readonly visits: Visit[] = [];
  readonly #routes: Routes;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor(options: SiteOptions) {
    this.address = options.address;
    this.port = options.port ?? (options.tls ? 443 : 80);
    this.#routes = options.routes;
    const listener = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    this.#server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
    this.#server.on("upgrade", (request, socket, head) => {
      this.#note(request);
      this.#sockets.handleUpgrade(request, socket, head, (connection) => {
        connection.on("message", (data, binary) => connection.send(data, { binary }));
      });
    });
  }

  static async start(options: SiteOptions): Promise<Site> {
    const site = new Site(options);
    await new Promise<void>((resolve, reject) => {
      site.#server.once("error", reject);
      site.#server.listen(site.port, site.address, resolve);
    });
    return site;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #note(request: IncomingMessage): void {
    const { method = "", url = "", headers } = request;
    this.visits.push({ method, path: url, host: headers.host ?? "", headers });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#note(request);
    const route = this.#route(new URL(request.url ?? "/", "http://site").pathname);
    if (typeof route === "function") route(request, response);
    else if (route === undefined)
      response.writeHead(404, { "content-type": "text/plain" }).end("nothing here\n");
    else response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(route);
  }

  #route(path: string): string | Answer | undefined {
    const exact = this.#routes[path];
    if (exact !== undefined) return exact;
    const pattern = Object.keys(this.#routes).find(
      (key) => key.endsWith("*") && path.startsWith(key.slice(0, -1)),
    );
    return pattern === undefined ? undefined : this.#routes[pattern];
  }
}

/** A page with a title, and a body that is HTML. */
export function page(title: string, body = ""): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,"><body><h1>${title}</h1>${body}`;
}

/** Answers with one body of one type. */
export function content(type: string, body: string | Buffer, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": type, ...headers }).end(body);
  };
}
