/** The page's elements by id; a missing one is a mistake in the page. */
export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element with id ${id}`);
  return found as T;
}
