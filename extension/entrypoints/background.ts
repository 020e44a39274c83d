/**
 * The background: opens the session with the host program, makes key hosts go through its gateway, answers the
 * extension's pages. Everything is wired here and nowhere else; all listeners are in place before the first
 * await, as both browsers want it.
 */

import { browser } from "wxt/browser";
import { defineBackground } from "wxt/utils/define-background";
import { Answers } from "../background/answers";
import { Conductor } from "../background/conductor";
import { Recovery } from "../background/recovery";
import { openNativePort } from "../browser/native-port";
import { HostSession } from "../host/session";
import { ChromiumInterception } from "../intercept/chromium";
import { FirefoxInterception } from "../intercept/firefox";
import { TurnedSearches } from "../intercept/searches-chromium";
import { gatewayPort, keepGatewayPort, onWayChange, way } from "../settings/settings";

declare const __HOST_NAME__: string;

export default defineBackground(() => {
  const session = new HostSession({
    version: browser.runtime.getManifest().version,
    openPort: (events) => openNativePort(__HOST_NAME__, events),
    lastGatewayPort: gatewayPort,
    keepGatewayPort,
  });

  if (import.meta.env.FIREFOX) {
    start(session, new Conductor(session, new FirefoxInterception(session, way), way), null);
  } else {
    const interception = new ChromiumInterception();
    start(session, new Conductor(session, interception, way), new TurnedSearches(interception.gate));
  }
});

function start(session: HostSession, conductor: Conductor, searches: TurnedSearches | null): void {
  const recovery = new Recovery(session);
  new Answers(session, conductor, searches);
  onWayChange(() => conductor.settle());
  conductor.watch(({ host }) => {
    if (host.kind === "ready") void recovery.reopen();
  });
  conductor.settle();
  session.connect();
}
