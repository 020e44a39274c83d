/**
 * open.html: a short stop on the way to a key.
 *
 * With `?search=` it stands for a web search whose words look like a key, and goes to the key, or on to the
 * search if they are none. With `?url=` (the redirect way) it asks where the key leads, and goes there. With `?link=`
 * it stands for a `web+pk:` link, which Firefox gives to extensions, and goes to the key.
 */

import { say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { ask } from "../../messages/messages";
import { element } from "../../pages/element";
import { followedLink, turnedSearch, wantedAddress, writtenAddress } from "../../pages/page-address";
import { plainText } from "../../pages/plain-text";
import { problemWords } from "../../pages/problem-words";
import type { Words } from "../../pages/words";

/** An answer that comes sooner shows nothing, so the page does not flash up. */
const SILENT_MS = 400;

type Problem = Omit<Words, "title">;

const search = turnedSearch(location);
const wanted = wantedAddress(location);
const link = followedLink(location);
let left = false;

// In a frame the page could be shown as part of another.
if (window === window.top) void begin();

async function begin(): Promise<void> {
  await speakInPage();
  element("url").textContent = plainText(wanted ?? search ?? link ?? writtenAddress(location));
  element("retry").addEventListener("click", () => location.reload());
  setTimeout(reveal, SILENT_MS);
  if (search) await goOn(search);
  else if (wanted) await open(wanted);
  else if (link) await follow(link);
  else fail(notAKey());
}

async function follow(link: string): Promise<void> {
  const { go } = await ask("link", { link });
  if (go) leave(go);
  else fail(notAKey());
}

async function goOn(search: string): Promise<void> {
  const { go, key } = await ask("search", { search });
  if (go) leave(go);
  else choose(search, key);
}

/** A page asked for this search, not a person; so a person says what is meant. */
function choose(search: string, address: string | null): void {
  document.body.dataset.state = "choice";
  element("title").textContent = say(address ? "open.keyOrSearch" : "open.goOn");
  element("state").textContent = say("open.askedByPage");
  const toKey = element("open-key");
  toKey.hidden = !address;
  toKey.addEventListener("click", () => address && leave(address));
  const toSearch = element("search");
  toSearch.hidden = false;
  toSearch.addEventListener("click", async () => leave((await ask("searchAnyway", { search })).go));
  reveal();
}

async function open(address: string): Promise<void> {
  document.title = new URL(address).hostname;
  element("title").textContent = say("open.lookingUp");
  const answer = await ask("open", { url: address });
  if ("go" in answer) leave(answer.go);
  else if ("waiting" in answer) leave(`/host.html?url=${address}`);
  else fail(problemWords(answer.failed));
}

function notAKey(): Problem {
  return { what: say("open.notAKeyWhat"), todo: say("open.notAKeyTodo"), code: "not-a-key" };
}

function fail({ what, todo, code }: Problem): void {
  document.body.dataset.state = "failed";
  element("title").textContent = say("open.failed");
  element("state").textContent = what;
  element("todo").textContent = todo;
  element("code").textContent = code;
  element("retry").hidden = wanted === null;
  reveal();
}

function leave(address: string): void {
  left = true;
  location.replace(address);
}

function reveal(): void {
  if (!left) element("sheet").hidden = false;
}
