/** A native messaging port, the same in both browsers: why it closed arrives as one sentence or null. */

import { browser } from "wxt/browser";

export interface NativePort {
  send(message: unknown): void;
  close(): void;
}

export interface NativePortEvents {
  message(message: unknown): void;
  /** The host or the browser closed the port; not called after close(). */
  closed(reason: string | null): void;
}

export type OpenNativePort = (events: NativePortEvents) => NativePort;

export function openNativePort(name: string, events: NativePortEvents): NativePort {
  const port = browser.runtime.connectNative(name);
  port.onMessage.addListener((message: unknown) => events.message(message));
  port.onDisconnect.addListener((closed) => {
    // Firefox says why on the port, Chromium in lastError.
    const error = (closed as { error?: { message?: string } | null }).error ?? browser.runtime.lastError;
    events.closed(error?.message ?? null);
  });
  return {
    send: (message) => port.postMessage(message),
    close: () => port.disconnect(),
  };
}
