/**
 * Puts a text into the clipboard by way of the page's own `copy` event, where an extension has no other way.
 *
 * The listener is there before any of the page's, so the page neither hears of the event nor gets to change the text.
 */

/** What of a window is needed. */
export interface Copying {
  addEventListener(type: "copy", listener: (event: ClipboardEvent) => void, capture: true): void;
  /** Has the browser copy what is selected: sends the event. */
  copySelection(): unknown;
}

/** To be called before the page's scripts run. The returned function tells whether the text was put there. */
export function beginCopying(page: Copying): (text: string) => boolean {
  let held: string | null = null;
  let done = false;
  const write = (event: ClipboardEvent): void => {
    if (held === null || !event.isTrusted) return;
    event.clipboardData?.setData("text/plain", held);
    event.preventDefault();
    event.stopImmediatePropagation();
    done = true;
  };
  page.addEventListener("copy", write, true);
  return (text) => {
    // Held until all is over: a page may have the browser copy once more meanwhile.
    held = text;
    done = false;
    page.copySelection();
    held = null;
    return done;
  };
}
