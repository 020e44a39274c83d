/** A list of things that were looked at: how it is marked and told to those who don't see the marks. */

/** As the program's own findings have it, and what can only be said of a checklist. */
export type MarkState = "good" | "note" | "warning" | "bad" | "waiting" | "optional";

const MARKS: Readonly<Record<MarkState, string>> = {
  good: "✓",
  note: "i",
  warning: "!",
  bad: "✕",
  waiting: "…",
  optional: "–",
};

/** Puts the mark and the words into an item that has a heading; `told` is the state in words. */
export function mark(item: HTMLElement, state: MarkState, told: string, what: string, todo: string): void {
  item.dataset.state = state;
  const heading = item.querySelector("h3");
  if (!heading) return;
  const mark = part(item, "mark", "span", (made) => item.prepend(made));
  mark.ariaHidden = "true";
  mark.textContent = MARKS[state];
  // In front of the heading's words, so that lists of headings tell it too.
  part(heading, "unseen", "span", (made) => heading.prepend(made)).textContent = `${told} `;
  const whatPlace = part(item, "what", "p", (made) => heading.after(made));
  const todoPlace = part(item, "todo", "p", (made) => whatPlace.after(made));
  whatPlace.textContent = what;
  todoPlace.textContent = todo;
  todoPlace.hidden = todo === "";
}

function part(within: HTMLElement, name: string, tag: string, add: (made: HTMLElement) => void): HTMLElement {
  const found = within.querySelector<HTMLElement>(`:scope > .${name}`);
  if (found) return found;
  const made = document.createElement(tag);
  made.className = name;
  add(made);
  return made;
}
