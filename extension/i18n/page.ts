/**
 * Puts the words into a page.
 *
 * In the HTML stands which message goes where: `data-say` for what is in an element, `data-say-title`,
 * `-aria-label`, `-placeholder`, `-alt` for its attributes. Where words inside a message are an element of their own
 * (`Type <kbd>pk</kbd>`), that element is a child with `data-slot="kbd"`, and the message writes `<kbd>…</kbd>`: what
 * translators write never becomes markup.
 */

import type { MessageId } from "./catalogue";
import { say, sayInParts, speak } from "./i18n";
import { direction } from "./languages";

const ATTRIBUTES = ["title", "aria-label", "placeholder", "alt"] as const;

/** Loads the language and puts it into the page. To be awaited before anything is shown. */
export async function speakInPage(): Promise<void> {
  const spoken = await speak();
  document.documentElement.lang = spoken;
  document.documentElement.dir = direction(spoken);
  fill(document);
}

/** The same for a part of a page, such as what was cloned from a template. */
export function fill(root: ParentNode): void {
  for (const place of root.querySelectorAll<HTMLElement>("[data-say]")) {
    sayAt(place, place.dataset.say as MessageId);
  }
  for (const attribute of ATTRIBUTES) {
    for (const place of root.querySelectorAll(`[data-say-${attribute}]`)) {
      place.setAttribute(attribute, say(place.getAttribute(`data-say-${attribute}`) as MessageId));
    }
  }
}

function sayAt(place: HTMLElement, id: MessageId): void {
  const slots = new Map([...place.children].map((child) => [child.getAttribute("data-slot"), child]));
  const parts = sayInParts(id).map(({ text, slot }) => {
    const child = slot === null ? undefined : slots.get(slot);
    if (!child) return text;
    child.textContent = text;
    return child;
  });
  place.replaceChildren(...parts);
}
