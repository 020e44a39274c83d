/**
 * The background: opens the session with the host program, makes key hosts go through its gateway, answers the
 * extension's pages. Everything is wired here and nowhere else; all listeners are in place before the first
 * await, as both browsers want it.
 */

import { browser } from "wxt/browser";
import { defineBackground } from "wxt/utils/define-background";
import { Answers } from "../background/answers";
import { Conductor } from "../background/conductor";
import { followLinkify } from "../background/linkify";
import { serveLinks } from "../background/links";
import { serveNames } from "../background/names";
import { recheckFailedTabs } from "../background/recheck";
import { Recovery } from "../background/recovery";
import { watchTrust } from "../background/trust-watch";
import { openNativePort } from "../browser/native-port";
import { HostSession } from "../host/session";
import { Https } from "../https/https";
import { ChromiumInterception } from "../intercept/chromium";
import { FirefoxInterception } from "../intercept/firefox";
import type { Interception } from "../intercept/interception";
import { TurnedSearches } from "../intercept/searches-chromium";
import {
  gatewayPort,
  keepGatewayPort,
  linkify,
  lookAhead,
  onLinkifyChange,
  onWayChange,
  way,
} from "../settings/settings";

declare const __HOST_NAME__: string;

export default defineBackground(() => {
  const session = new HostSession({
    version: browser.runtime.getManifest().version,
    openPort: (events) => openNativePort(__HOST_NAME__, events),
    lastGatewayPort: gatewayPort,
    keepGatewayPort,
  });

  const https = new Https(session);

  if (import.meta.env.FIREFOX) {
    start(session, https, new FirefoxInterception(session, https, way), null);
  } else {
    const interception = new ChromiumInterception();
    start(session, https, interception, new TurnedSearches(interception.gate));
  }
});

function start(
  session: HostSession,
  https: Https,
  interception: Interception,
  searches: TurnedSearches | null,
): void {
  const conductor = new Conductor(session, https, interception, way);
  const recovery = new Recovery(session);
  const desk = serveNames(conductor);
  new Answers(session, https, conductor, searches, desk);
  recheckFailedTabs(session);
  serveLinks(session, conductor, desk.opened, lookAhead);
  followLinkify(linkify, onLinkifyChange);
  watchTrust(https, conductor);
  onWayChange(() => conductor.settle());
  conductor.watch(({ host }) => {
    if (host.kind === "ready") void recovery.reopen();
  });
  conductor.settle();
  session.connect();
}
