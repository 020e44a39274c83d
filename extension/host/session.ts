/**
 * The session with the host program: keeps it running and says at any time what is known of it.
 *
 * An attempt opens a port, says hello and asks for the gateway. If that fails or the port closes later, the
 * next attempt follows by itself. Of a failed attempt the problem stays known while the next one runs, so
 * nothing flickers; only after good times is it "connecting" again.
 */

import type { OpenNativePort } from "../browser/native-port";
import type { HostEvent, Method, Methods } from "../protocol/protocol";
import { isRecentEnough, PROTOCOL } from "../protocol/version";
import { Backoff } from "./backoff";
import { HostConnection, RequestFailed } from "./connection";
import { disconnectProblem } from "./disconnect";
import type { HostState } from "./state";

/** A host that served this long was working; a shorter life counts as a failed start. */
const WORKED_AFTER_MS = 3_000;

export interface SessionOptions {
  version: string;
  openPort: OpenNativePort;
  /** The gateway's port of last time, kept where it outlives the browser. */
  lastGatewayPort(): Promise<number | undefined>;
  keepGatewayPort(port: number): Promise<void>;
}

export class HostSession {
  readonly #options: SessionOptions;
  readonly #backoff = new Backoff();
  readonly #listeners: ((state: HostState) => void)[] = [];
  readonly #eventListeners: ((event: HostEvent) => void)[] = [];
  #state: HostState = { kind: "connecting" };
  #connection: HostConnection | null = null;
  #readySince = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #attended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  onChange(listener: (state: HostState) => void): void {
    this.#listeners.push(listener);
  }

  /** What the host tells unasked, whichever connection it comes by. */
  onEvent(listener: (event: HostEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  /** Starts an attempt unless one runs or the host is there. */
  connect(): void {
    if (this.#connection) return;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    void this.#attempt();
  }

  /** Somebody waits for the host: don't let the attempts become rare. */
  set attended(attended: boolean) {
    const began = attended && !this.#attended;
    this.#attended = attended;
    if (began && this.#retry !== null) this.connect();
  }

  /** The state once it is no longer "connecting", or what it is after the limit. */
  settled(limitMs: number): Promise<HostState> {
    if (this.#state.kind !== "connecting") return Promise.resolve(this.#state);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.splice(this.#listeners.indexOf(listener), 1);
        resolve(this.#state);
      };
      const listener = (state: HostState): void => {
        if (state.kind !== "connecting") done();
      };
      const timer = setTimeout(done, limitMs);
      this.#listeners.push(listener);
    });
  }

  async request<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    const connection = this.#connection;
    if (this.#state.kind !== "ready" || !connection) throw new RequestFailed(NOT_READY);
    return connection.request(method, params);
  }

  /** The gateway did not serve somebody: ask for it again; a host that can't answer is replaced. */
  async checkGateway(): Promise<void> {
    const connection = this.#connection;
    if (this.#state.kind !== "ready" || !connection) return;
    const { hello } = this.#state;
    try {
      const gateway = await this.#openGateway(connection);
      if (this.#connection === connection) this.#become({ kind: "ready", hello, gateway });
    } catch (failure) {
      if (this.#connection === connection) this.#fail(connection, failure);
    }
  }

  async #attempt(): Promise<void> {
    let connection: HostConnection;
    try {
      connection = new HostConnection(this.#options.openPort, {
        closed: (reason) => this.#closed(reason),
        event: (event) => {
          for (const listener of this.#eventListeners) listener(event);
        },
      });
    } catch (failure) {
      this.#lost({ kind: "crashed", detail: String(failure) });
      return;
    }
    this.#connection = connection;
    try {
      const hello = await connection.request("hello", { version: this.#options.version, protocol: PROTOCOL });
      if (!isRecentEnough(hello)) {
        connection.close();
        this.#lost({ kind: "tooOld", version: hello.version });
        return;
      }
      const gateway = await this.#openGateway(connection);
      this.#readySince = Date.now();
      this.#become({ kind: "ready", hello, gateway });
    } catch (failure) {
      // If the port closed, that was already dealt with, and with a better reason.
      if (this.#connection === connection) this.#fail(connection, failure);
    }
  }

  async #openGateway(connection: HostConnection): Promise<Methods["gateway"]["result"]> {
    const preferredPort = await this.#options.lastGatewayPort();
    const gateway = await connection.request("gateway", preferredPort ? { preferredPort } : {});
    if (gateway.port !== preferredPort) await this.#options.keepGatewayPort(gateway.port);
    return gateway;
  }

  #fail(connection: HostConnection, failure: unknown): void {
    connection.close();
    const error =
      failure instanceof RequestFailed ? failure.error : { code: -32603, message: String(failure) };
    this.#lost({ kind: "failed", error });
  }

  #closed(reason: string | null): void {
    this.#lost(disconnectProblem(reason));
  }

  #lost(problem: HostState): void {
    const worked = this.#state.kind === "ready" && Date.now() - this.#readySince >= WORKED_AFTER_MS;
    this.#connection = null;
    if (worked) this.#backoff.worked();
    this.#retry = setTimeout(() => this.connect(), this.#backoff.next(this.#attended));
    this.#become(worked ? { kind: "connecting" } : problem);
  }

  #become(state: HostState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

const NOT_READY = {
  code: -32603,
  message: "The pkarr program is not there.",
  data: { code: "host-gone", todo: "Start it as the README describes, then try again." },
};
