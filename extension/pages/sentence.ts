/** Sentences with text of strangers in them: each such text is an element of its own, isolated from the words around. */

import type { MessageId } from "../i18n/catalogue";
import { sayInParts, type Values } from "../i18n/i18n";
import { plainText, WHOLE_RECORD } from "./plain-text";

/** The message with its slots made by `elementFor`, which is given what stands in them. */
export function sentence(
  id: MessageId,
  values: Values = {},
  elementFor: (text: string) => HTMLElement = isolated,
): (HTMLElement | string)[] {
  const harmless = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "string" ? plainText(value, WHOLE_RECORD) : value,
  ]);
  return sayInParts(id, Object.fromEntries(harmless)).map(({ text, slot }) =>
    slot === null ? text : elementFor(text),
  );
}

/** Text that neither takes its direction from what is around it nor gives it any. */
export function isolated(text: string, className = "value"): HTMLElement {
  const element = document.createElement("bdi");
  element.className = className;
  // Zone text and addresses run from left to right in every language.
  if (className.includes("mono")) element.dir = "ltr";
  element.textContent = plainText(text, WHOLE_RECORD);
  return element;
}
