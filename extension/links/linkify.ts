/**
 * Makes links of the keys in a page's text, in idle moments, and within limits: a page may have any size and change
 * as often as it likes.
 */

import { bareKeys } from "./bare-keys";

/** Text in these is left alone: it is a link already, edited, or not text to people. */
const SKIPPED =
  "a, area, button, label, select, option, textarea, input, script, style, noscript, template, title, svg, math, [contenteditable]";

/** Texts looked at, and links made, in one page. */
const TEXT_LIMIT = 50_000;
const LINK_LIMIT = 500;
/** Characters of one text. */
const LENGTH_LIMIT = 20_000;
/** Parts of the page that wait; a page that changes faster is not followed. */
const WAITING_LIMIT = 5_000;
/** A key has 52. */
const SHORTEST = 52;

export function linkify(document: Document): void {
  const waiting = new Set<Node>([document.body]);
  let texts: TreeWalker | null = null;
  let looked = 0;
  let made = 0;
  let asked = false;

  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (waiting.size >= WAITING_LIMIT) break;
      if (type === "characterData") waiting.add(target);
      for (const node of addedNodes) waiting.add(node);
    }
    askForTime();
  });

  const askForTime = (): void => {
    if (asked || (waiting.size === 0 && !texts)) return;
    asked = true;
    requestIdleCallback((deadline) => {
      asked = false;
      work(deadline);
      // What was just changed here is nothing new.
      observer.takeRecords();
      if (looked < TEXT_LIMIT && made < LINK_LIMIT) askForTime();
      else observer.disconnect();
    });
  };

  const work = (deadline: IdleDeadline): void => {
    while (deadline.timeRemaining() > 1 && looked < TEXT_LIMIT && made < LINK_LIMIT) {
      const text = nextText();
      if (!text) return;
      looked += 1;
      if (text.data.length >= SHORTEST && text.data.length <= LENGTH_LIMIT) made += linkKeys(text);
    }
  };

  const nextText = (): Text | null => {
    for (;;) {
      const text = texts?.nextNode();
      if (text) return text as Text;
      texts = null;
      const [node] = waiting;
      if (!node) return null;
      waiting.delete(node);
      if (!node.isConnected || isSkipped(node)) continue;
      if (node instanceof Text) return node;
      texts = textsIn(node);
    }
  };

  observer.observe(document, { childList: true, characterData: true, subtree: true });
  askForTime();
}

function isSkipped(node: Node): boolean {
  const element = node instanceof Element ? node : node.parentElement;
  return !element || element.ownerDocument.designMode === "on" || element.closest(SKIPPED) !== null;
}

function textsIn(root: Node): TreeWalker {
  return document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) => {
    if (node instanceof Text) return NodeFilter.FILTER_ACCEPT;
    return (node as Element).matches(SKIPPED) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
  });
}

/** From the last to the first, so that the places of the others stay right. Returns how many. */
function linkKeys(text: Text): number {
  const keys = bareKeys(text.data).reverse();
  for (const { start, end, href } of keys) {
    const key = text.splitText(start);
    key.splitText(end - start);
    const link = document.createElement("a");
    link.href = href;
    link.rel = "noopener";
    key.replaceWith(link);
    link.append(key);
  }
  return keys.length;
}
