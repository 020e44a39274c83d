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
import { forgetPrivateWindows } from "../background/private-windows";
import { recheckFailedTabs } from "../background/recheck";
import { Recovery } from "../background/recovery";
import { showOnToolbar } from "../background/toolbar";
import { watchTrust } from "../background/trust-watch";
import { welcomeOnce } from "../background/welcome";
import { openNativePort } from "../browser/native-port";
import { forPrivateWindows } from "../browser/private";
import { PrivateDoor } from "../host/private-door";
import { HostSession } from "../host/session";
import { Https } from "../https/https";
import { speak } from "../i18n/i18n";
import { ChromiumInterception } from "../intercept/chromium";
import { FirefoxInterception } from "../intercept/firefox";
import type { Interception } from "../intercept/interception";
import { Pause } from "../intercept/pause";
import { PrivateChromium } from "../intercept/private-chromium";
import { TurnedSearches } from "../intercept/searches-chromium";
import { gatewayPort, lookAhead, paused, pausedKeys, searchRescue, way } from "../settings/settings";

declare const __HOST_NAME__: string;

export default defineBackground(() => {
  const incognito = forPrivateWindows();
  const session = new HostSession({
    version: browser.runtime.getManifest().version,
    openPort: (events) => openNativePort(__HOST_NAME__, events),
    incognito,
    // Private windows keep nothing, and the dead end they begin with needs no port.
    lastGatewayPort: async () => (incognito ? undefined : gatewayPort.get()),
    keepGatewayPort: async (port) => (incognito ? undefined : gatewayPort.set(port)),
  });

  const https = new Https(session);
  const pause = new Pause(paused, pausedKeys);

  if (import.meta.env.FIREFOX) {
    const choices = { way: () => way.get(), searchRescue: () => searchRescue.get() };
    const door = new PrivateDoor(session);
    forgetPrivateWindows(door);
    start(session, https, pause, new FirefoxInterception(session, door, https, pause, choices), null);
  } else {
    const interception = incognito ? new PrivateChromium() : new ChromiumInterception(session);
    start(session, https, pause, interception, new TurnedSearches(interception.gate, pause));
  }
});

function start(
  session: HostSession,
  https: Https,
  pause: Pause,
  interception: Interception,
  searches: TurnedSearches | null,
): void {
  const conductor = new Conductor(session, https, interception, pause);
  const recovery = new Recovery(session, pause);
  const desk = serveNames(conductor);
  const answers = new Answers(session, https, conductor, searches, desk);
  showOnToolbar(session, conductor, desk, answers);
  recheckFailedTabs(session, pause);
  serveLinks(
    session,
    conductor,
    desk.opened,
    async () => !(await pause.known()).everywhere && lookAhead.get(),
  );
  followLinkify();
  welcomeOnce();
  void speak();
  watchTrust(https, conductor);
  conductor.watch(({ host }) => {
    if (host.kind === "ready") void recovery.reopen();
  });
  conductor.settle();
  session.connect();
}
