/** A whole key in a page: in four groups, so that people can compare it; they are apart only by sight. */

const KEY_GROUPS = /.{13}/g;

/** Shows the key in this place; the letters that differ from another key are marked. */
export function showKeyText(place: HTMLElement, key: string, other?: string): void {
  place.classList.add("key-text", "mono");
  // The groups keep their order in languages written from right to left.
  place.dir = "ltr";
  place.replaceChildren(
    ...[...key.matchAll(KEY_GROUPS)].map(({ 0: letters, index }) => {
      const group = document.createElement("span");
      if (other === undefined) group.textContent = letters;
      else group.append(...marked(letters, other.slice(index)));
      return group;
    }),
  );
}

function marked(letters: string, others: string): (HTMLElement | string)[] {
  const parts: (HTMLElement | string)[] = [];
  for (const [at, letter] of [...letters].entries()) {
    if (letter === others[at]) {
      parts.push(letter);
      continue;
    }
    const mark = document.createElement("mark");
    mark.textContent = letter;
    parts.push(mark);
  }
  return parts;
}
