/**
 * The options: how keys open, links to them, and https:// for them. The background hears of a chosen way through the storage and
 * applies it at once.
 */

import { watch } from "../../messages/messages";
import { element } from "../../pages/element";
import { obstacleWords } from "../../pages/words";
import {
  chooseLinkify,
  chooseLookAhead,
  chooseWay,
  linkify,
  lookAhead,
  type Way,
  way,
} from "../../settings/settings";
import { beginHttps, showHttps } from "./https";

const form = element<HTMLFormElement>("form");

void begin();

async function begin(): Promise<void> {
  choice().value = await way();
  form.addEventListener("change", async () => {
    await chooseWay(choice().value as Way);
    element("saved").textContent = "Saved.";
  });
  await beginSwitch("look-ahead", lookAhead, chooseLookAhead);
  await beginSwitch("linkify", linkify, chooseLinkify);
  beginHttps();
  watch((snapshot) => {
    const { obstacle } = snapshot;
    showHttps(snapshot);
    element("obstacle").hidden = obstacle === null;
    element("obstacle").textContent = obstacle ? obstacleWords(obstacle).what : "";
  });
}

async function beginSwitch(
  id: string,
  chosen: () => Promise<boolean>,
  choose: (on: boolean) => Promise<void>,
): Promise<void> {
  const box = element<HTMLInputElement>(id);
  box.checked = await chosen();
  box.addEventListener("change", async () => {
    await choose(box.checked);
    element("links-saved").textContent = "Saved.";
  });
}

function choice(): RadioNodeList {
  return form.elements.namedItem("way") as RadioNodeList;
}
