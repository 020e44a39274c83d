/**
 * How to install and register the program, in a page: the commands for this system with buttons that copy them, and on
 * Linux what else browsers in a sandbox need. No extension can find out whether it is in one.
 */

import { type Brand, brandOf, type System, signs, system } from "../browser/brand";
import { allowSnap, type InstallHint, installHint } from "../host/install-hint";
import type { MessageId } from "../i18n/catalogue";
import { say } from "../i18n/i18n";
import { copies } from "./copy";

declare const __HOST_NAME__: string;

/** The hint for this system; null where browsers can start no program. */
export async function ownHint(): Promise<InstallHint | null> {
  return installHint(await system());
}

/** Fills the place with it. */
export async function showInstall(place: HTMLElement): Promise<void> {
  const on = await system();
  const brand = brandOf(signs());
  const hint = installHint(on);
  place.classList.add("install");
  if (!hint) {
    place.replaceChildren(text("p", say("host.installNowhere")));
    return;
  }
  place.replaceChildren(
    text("p", say("host.installWhere")),
    ...commands(hint.installed, "host.copyCommand"),
    text("p", say("host.installSources")),
    ...commands(hint.sources, "host.copyCommands"),
    ...(on === "linux" ? [sandboxes(brand, on)] : []),
  );
}

function sandboxes(brand: Brand, on: System): HTMLElement {
  const box = document.createElement("details");
  // Distributions hand these out in sandboxes, where the commands alone lead nowhere; the others come as packages.
  box.open = brand === "firefox" || brand === "chromium";
  const firefox = brand === "firefox" && on === "linux";
  const list = document.createElement("dl");
  list.append(
    text("dt", say("host.fromPackage")),
    text("dd", say("host.fromPackageTodo")),
    text("dt", say("host.fromSnap")),
    text("dd", say(firefox ? "host.fromSnapFirefox" : "host.fromSnapOther")),
  );
  if (firefox) {
    const command = document.createElement("dd");
    command.append(...commands(allowSnap(__HOST_NAME__), "host.copyCommand"));
    list.append(command);
  }
  list.append(text("dt", say("host.fromFlatpak")), text("dd", say("host.fromFlatpakTodo")));
  box.append(text("summary", say("host.moreTitle")), list);
  return box;
}

function commands(lines: string, label: MessageId): HTMLElement[] {
  const code = text("pre", lines, "commands mono");
  code.dir = "ltr";
  // Long lines are scrolled to, by keyboard too.
  code.tabIndex = 0;
  const actions = document.createElement("div");
  actions.className = "actions";
  const button = text("button", say(label), "plain");
  button.setAttribute("type", "button");
  const told = text("span", "", "told");
  actions.append(button, told);
  copies(button, () => lines, told);
  return [code, actions];
}

function text(name: string, words: string, classes = ""): HTMLElement {
  const made = document.createElement(name);
  made.textContent = words;
  if (classes) made.className = classes;
  return made;
}
