/**
 * The session with the host program: keeps it running and says at any time what is known of it.
 *
 * An attempt opens a port, says hello and asks for the gateway. If that fails or the port closes later, the
 * next attempt follows by itself. Of a failed attempt the problem stays known while the next one runs, so
 * nothing flickers; only after good times is it "connecting" again.
 */

import type { OpenNativePort } from "../browser/native-port";
import type { HostEvent, Method, Methods } from "../protocol/protocol";
import { fitOf, isHello, PROTOCOL } from "../protocol/version";
import { Backoff } from "./backoff";
import { HostConnection, RequestFailed } from "./connection";
import { disconnectProblem } from "./disconnect";
import { hasPrivateDoor } from "./private-door";
import type { Disconnect, HostProblem, HostState } from "./state";

/** A host that served this long was working; a shorter life counts as a failed start. */
const WORKED_AFTER_MS = 3_000;
/** So many failed starts in a row are no accident. */
const REPEATEDLY = 3;
/** What the diagnostics page shows of the past. */
const MOST_DISCONNECTS = 20;

export interface SessionOptions {
  version: string;
  openPort: OpenNativePort;
  /** For private windows only: the gateway is their door, and nothing that is asked leaves a trace on the disk. */
  incognito?: boolean;
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
  #disconnects: readonly Disconnect[] = [];
  #crashes = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  /** The last connections that came to an end, the newest last; for as long as the background lives. */
  get disconnects(): readonly Disconnect[] {
    return this.#disconnects;
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

  /** Ends the host that runs, and starts another. */
  restart(): void {
    this.#connection?.close();
    this.#connection = null;
    this.#become({ kind: "connecting" });
    this.connect();
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
    return connection.request(method, this.#options.incognito ? privately(method, params) : params);
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
      this.#lost({ kind: "crashed", how: "notStarted", detail: String(failure), repeatedly: false });
      return;
    }
    this.#connection = connection;
    try {
      const hello = await connection.request("hello", { version: this.#options.version, protocol: PROTOCOL });
      if (!isHello(hello)) throw new RequestFailed(NONSENSE);
      const fit = this.#options.incognito && !hasPrivateDoor(hello) ? "tooOld" : fitOf(hello);
      if (fit !== "fits") {
        connection.close();
        this.#lost({ kind: fit, version: hello.version });
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
    const gateway = await connection.request("gateway", {
      ...(preferredPort && { preferredPort }),
      ...(this.#options.incognito && { incognito: true }),
    });
    if (!isGateway(gateway)) throw new RequestFailed(NONSENSE);
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

  #lost(found: HostProblem): void {
    const worked = this.#state.kind === "ready" && Date.now() - this.#readySince >= WORKED_AFTER_MS;
    this.#crashes = found.kind === "crashed" && !worked ? this.#crashes + 1 : 0;
    const problem = found.kind === "crashed" ? { ...found, repeatedly: this.#crashes >= REPEATEDLY } : found;
    this.#note({ at: Date.now(), times: 1, problem, worked });
    this.#connection = null;
    if (worked) this.#backoff.worked();
    this.#retry = setTimeout(() => this.connect(), this.#backoff.next(this.#attended));
    this.#become(worked ? { kind: "connecting" } : problem);
  }

  #note(now: Disconnect): void {
    const earlier = this.#disconnects.slice();
    const last = earlier.at(-1);
    const same = last && !now.worked && JSON.stringify(last.problem) === JSON.stringify(now.problem);
    if (same) earlier.pop();
    const noted = same ? { ...now, worked: last.worked, times: last.times + 1 } : now;
    this.#disconnects = [...earlier, noted].slice(-MOST_DISCONNECTS);
  }

  #become(state: HostState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

/** A port of this machine; what comes over native messaging is what some program chose to write. */
function isGateway(gateway: unknown): boolean {
  const { port } = (gateway ?? {}) as { port?: unknown };
  return Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536;
}

const NONSENSE = {
  code: -32603,
  message: "The program answers, but not as pkarr does.",
  data: { code: "host-nonsense", todo: "Register the pkarr program with this browser again." },
};

/** What the host is asked, as for a private window. */
function privately<P extends object>(method: Method, params: P): P {
  return method === "resolve" || method === "key" ? { ...params, incognito: true } : params;
}

const NOT_READY = {
  code: -32603,
  message: "The pkarr program is not there.",
  data: { code: "host-gone", todo: "Start it as the README describes, then try again." },
};
