/** The keys that may lead to this computer and its network. */

import { say } from "../../i18n/i18n";
import { isKey, keyHostOf } from "../../key/key";
import { typedAddress } from "../../key/search";
import { ask } from "../../messages/messages";
import { element } from "../../pages/element";
import { action, keyRow } from "../../pages/key-rows";
import type { HostSettings } from "../../protocol/protocol";
import type { Change } from "./change";

let allowed: readonly string[] = [];

export function beginPrivate(change: Change): void {
  const field = element<HTMLInputElement>("private-key");
  const tellProblem = (problem: string): void => {
    element("private-problem").textContent = problem;
    field.ariaInvalid = problem === "" ? null : "true";
  };

  element("private").addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = keyHostOf(typedAddress(field.value) ?? "")?.key;
    let problem = "";
    if (!key) problem = say("options.privateNoKey");
    else if (allowed.includes(key)) problem = say("options.privateAlready");
    else problem = await change({ change: { allowPrivateFor: [...allowed, key] } });
    tellProblem(problem);
    if (problem === "") field.value = "";
    field.focus();
  });

  element("private-keys").addEventListener("click", async ({ target }) => {
    const row = target instanceof HTMLButtonElement ? target.closest<HTMLElement>("li[data-key]") : null;
    if (!row) return;
    const left = allowed.filter((key) => key !== row.dataset.key);
    tellProblem(await change({ change: { allowPrivateFor: left } }));
    // What was pressed is gone.
    field.focus();
  });
}

export function showPrivate({ allowPrivate, allowPrivateFor, fixed }: HostSettings): void {
  allowed = allowPrivateFor;
  const isFixed = fixed.includes("allowPrivateFor");
  element("private-all").hidden = !allowPrivate;
  element("private-none").hidden = allowPrivate || allowed.length > 0;
  element("private-fixed").hidden = !isFixed;
  element("private").hidden = isFixed;
  void showKeys(isFixed);
}

async function showKeys(isFixed: boolean): Promise<void> {
  const { names } = await ask("names", {});
  const calls = new Map(names.map(({ key, name }) => [key, name]));
  element("private-keys").replaceChildren(
    ...allowed
      .filter(isKey)
      .map((key) =>
        keyRow(key, calls.get(key) ?? "", "", isFixed ? [] : [action(say("options.privateStop"), () => {})]),
      ),
  );
}
