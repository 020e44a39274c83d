/**
 * One connection to the host program: requests and their answers over one native messaging port.
 *
 * It lives from the opening of the port to its closing and is never reopened; host/session.ts opens the next.
 */

import type { NativePort, OpenNativePort } from "../browser/native-port";
import type { HostEvent, Method, Methods, RpcError } from "../protocol/protocol";

/** How long each answer may take. Resolving asks the network, starting may wait for a cold disk. */
const TIME_LIMIT_MS: Record<Method, number> = {
  hello: 10_000,
  gateway: 10_000,
  status: 5_000,
  resolve: 30_000,
  // Systems ask people before they trust a root.
  https: 120_000,
  key: 5_000,
  // Looks for the newest packet first.
  keep: 60_000,
  settings: 10_000,
  cache: 30_000,
  // Waits until sources that don't answer have had their time.
  doctor: 60_000,
  forget: 5_000,
  systemProxy: 5_000,
};

/** The host answered a request with an error, or not at all. */
export class RequestFailed extends Error {
  constructor(readonly error: RpcError) {
    super(error.message);
  }
}

export interface ConnectionEvents {
  /** Called once when the other side closes the port, not after close(). */
  closed(reason: string | null): void;
  /** The host tells something unasked. */
  event(event: HostEvent): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(failure: RequestFailed): void;
  timer: ReturnType<typeof setTimeout>;
}

const NOT_THERE: RpcError = {
  code: -32603,
  message: "The pkarr program went away before it answered.",
  data: { code: "host-gone", todo: "Try again in a moment." },
};

function noAnswer(method: Method): RpcError {
  return {
    code: -32603,
    message: `The pkarr program did not answer in time (${method}).`,
    data: { code: "host-silent", todo: "Try again; if it stays silent, restart the browser." },
  };
}

export class HostConnection {
  readonly #port: NativePort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #events: ConnectionEvents;
  #lastId = 0;
  #open = true;

  constructor(openPort: OpenNativePort, events: ConnectionEvents) {
    this.#events = events;
    this.#port = openPort({
      message: (message) => this.#answered(message),
      closed: (reason) => {
        if (!this.#open) return;
        this.#end();
        events.closed(reason);
      },
    });
  }

  request<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    if (!this.#open) return Promise.reject(new RequestFailed(NOT_THERE));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new RequestFailed(noAnswer(method)));
      }, TIME_LIMIT_MS[method]);
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, timer });
      this.#port.send({ jsonrpc: "2.0", id, method, params });
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#end();
    this.#port.close();
  }

  #answered(message: unknown): void {
    if (!this.#open || typeof message !== "object" || message === null) return;
    const { id, result, error } = message as { id?: unknown; result?: unknown; error?: RpcError };
    const event = id === undefined ? eventIn(message) : null;
    if (event) this.#events.event(event);
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    if (!waiting) return; // an event of a newer protocol, or an answer that came too late
    this.#waiting.delete(id as number);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(new RequestFailed(error));
    else waiting.resolve(result);
  }

  #end(): void {
    this.#open = false;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new RequestFailed(NOT_THERE));
    }
    this.#waiting.clear();
  }
}

/** The event in a notification, or null for one of a newer protocol. */
function eventIn(message: object): HostEvent | null {
  const { method, params } = message as { method?: unknown; params?: Record<string, unknown> };
  const { key, seq, incognito } = params ?? {};
  if (method !== "updated" || typeof key !== "string" || typeof seq !== "string") return null;
  return { event: "updated", key, seq, ...(incognito === true && { incognito }) };
}
