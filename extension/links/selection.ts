/** What is selected in a page, if it can be a key at all: a selection may be the whole of a huge page. */

import { SELECTION_LIMIT } from "./address";

/** Parts of a page that a selected key may be made of. */
const MOST_NODES = 500;
/** Letters as they are written, with spaces that nobody sees. */
const MOST_LETTERS = 2 * SELECTION_LIMIT;

/** What of a node is needed. */
export interface Part {
  readonly nodeName: string;
  /** The text, of a text node. */
  readonly nodeValue: string | null;
  readonly firstChild: Part | null;
  readonly nextSibling: Part | null;
  readonly parentNode: Part | null;
  readonly childNodes: ArrayLike<Part>;
}

export interface Span {
  readonly startContainer: Part;
  readonly startOffset: number;
  readonly endContainer: Part;
  readonly endOffset: number;
}

/** Empty if it is nothing, or too much. */
export function selectedText(selection: Selection | null, focused: Element | null): string {
  if (selection?.type !== "Range") return "";
  // In a field the range says nothing.
  const { selectionStart, selectionEnd } = (focused ?? {}) as Partial<HTMLInputElement>;
  if ((selectionEnd ?? 0) - (selectionStart ?? 0) > SELECTION_LIMIT) return "";
  for (let at = 0; at < selection.rangeCount; at += 1) if (!isShort(selection.getRangeAt(at))) return "";
  return selection.toString();
}

/** Whether so little lies in the range that it may be a key. Looks at no more than that. */
export function isShort({ startContainer, startOffset, endContainer, endOffset }: Span): boolean {
  const end = edge(endContainer, endOffset);
  let letters = startContainer.nodeValue === null ? 0 : -startOffset;
  let part = edge(startContainer, startOffset);
  for (let count = 0; count < MOST_NODES; count += 1) {
    if (part === end || part === null) {
      return letters + (endContainer.nodeValue === null ? 0 : endOffset) <= MOST_LETTERS;
    }
    const isShown = part.nodeName !== "SCRIPT" && part.nodeName !== "STYLE";
    if (part.nodeName === "#text") letters += part.nodeValue?.length ?? 0;
    if (letters > MOST_LETTERS) return false;
    part = (isShown ? part.firstChild : null) ?? after(part);
  }
  return false;
}

/** The part at which a range begins or ends: the text itself, or what comes next in the page. */
function edge(container: Part, offset: number): Part | null {
  return container.nodeValue === null ? (container.childNodes[offset] ?? after(container)) : container;
}

/** What follows a part with all in it. */
function after(part: Part): Part | null {
  for (let at: Part | null = part; at; at = at.parentNode) if (at.nextSibling) return at.nextSibling;
  return null;
}
