/**
 * open.html: a short stop on the way to a key.
 *
 * With `?search=` it stands for a web search whose words look like a key, and goes to the key, or on to the
 * search if they are none. With `?url=` (the redirect way) it asks where the key leads, and goes there. With `?link=`
 * it stands for a `web+pk:` link, which Firefox gives to extensions, and goes to the key.
 */

import { ask } from "../../messages/messages";
import { element } from "../../pages/element";
import { followedLink, turnedSearch, wantedAddress, writtenAddress } from "../../pages/page-address";
import { plainText } from "../../pages/plain-text";
import type { RpcError } from "../../protocol/protocol";

/** An answer that comes sooner shows nothing, so the page does not flash up. */
const SILENT_MS = 400;

const NOT_A_KEY: RpcError = {
  code: 1,
  message: "This address does not lead to a key.",
  data: { code: "not-a-key", todo: "Check it: a key has 52 characters and ends in y or o." },
};

const search = turnedSearch(location);
const wanted = wantedAddress(location);
const link = followedLink(location);
let left = false;

// In a frame the page could be shown as part of another.
if (window === window.top) void begin();

async function begin(): Promise<void> {
  element("url").textContent = plainText(wanted ?? search ?? link ?? writtenAddress(location));
  element("retry").addEventListener("click", () => location.reload());
  setTimeout(reveal, SILENT_MS);
  if (search) await goOn(search);
  else if (wanted) await open(wanted);
  else if (link) await follow(link);
  else fail(NOT_A_KEY);
}

async function follow(link: string): Promise<void> {
  const { go } = await ask("link", { link });
  if (go) leave(go);
  else fail(NOT_A_KEY);
}

async function goOn(search: string): Promise<void> {
  const { go, key } = await ask("search", { search });
  if (go) leave(go);
  else choose(search, key);
}

/** A page asked for this search, not a person; so a person says what is meant. */
function choose(search: string, address: string | null): void {
  document.body.dataset.state = "choice";
  element("title").textContent = address ? "A key, or a search?" : "Go on to this search?";
  element("state").textContent = "A web page asked for this search.";
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
  element("title").textContent = "Looking up the key…";
  const answer = await ask("open", { url: address });
  if ("go" in answer) leave(answer.go);
  else if ("waiting" in answer) leave(`/host.html?url=${address}`);
  else fail(answer.failed);
}

function fail(error: RpcError): void {
  document.body.dataset.state = "failed";
  element("title").textContent = "This key could not be opened";
  element("state").textContent = plainText(error.message);
  element("todo").textContent = plainText(error.data?.todo ?? "");
  element("code").textContent = plainText(error.data?.code ?? String(error.code));
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
