/** The link an event is about, in HTML or SVG, also inside open shadow trees. */

const XLINK = "http://www.w3.org/1999/xlink";

export interface Link {
  /** The attribute as the page wrote it. */
  read(): string | null;
  write(href: string): void;
}

export function linkOf(event: Event): Link | null {
  for (const part of event.composedPath()) {
    const name = (part as Partial<Element>).localName;
    if (name !== "a" && name !== "area") continue;
    const link = asLink(part as Element);
    if (link) return link;
  }
  return null;
}

function asLink(element: Element): Link | null {
  if (element.hasAttribute("href")) {
    return {
      read: () => element.getAttribute("href"),
      write: (href) => element.setAttribute("href", href),
    };
  }
  if (!element.hasAttributeNS(XLINK, "href")) return null;
  return {
    read: () => element.getAttributeNS(XLINK, "href"),
    write: (href) => element.setAttributeNS(XLINK, "xlink:href", href),
  };
}
