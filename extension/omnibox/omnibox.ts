/** The keyword `pk` in the address bar: suggests, and opens what was chosen where the person wants it. */

import type { Scheme } from "../key/search";
import { asText, asXml } from "./description";
import { defaultSuggestion, type Known, meantAddress, type Piece, suggestions } from "./suggestions";

export type Disposition = "currentTab" | "newForegroundTab" | "newBackgroundTab";

/** What of the browser is needed, in the form both have. */
export interface Bar {
  setDefaultSuggestion(suggestion: { description: string }): unknown;
  onInputStarted: Listenable<() => void>;
  onInputChanged: Listenable<
    (text: string, suggest: (results: { content: string; description: string }[]) => void) => void
  >;
  onInputEntered: Listenable<(text: string, disposition: Disposition) => void>;
}

interface Listenable<Listener> {
  addListener(listener: Listener): void;
}

export interface Surroundings {
  /** Done once the language is there. */
  spoken(): Promise<unknown>;
  known(): Promise<Known>;
  /** `https` where that opens key hosts in this browser. */
  scheme(): Scheme;
  /** Chromium takes descriptions as XML, Firefox as they are. */
  markup: boolean;
  open(address: string, disposition: Disposition): void;
  /** The address of the page that helps with words that mean no key. */
  help(typed: string): string;
}

export function serveOmnibox(bar: Bar, surroundings: Surroundings): void {
  const { spoken, known, scheme, markup, open, help } = surroundings;
  const described = (pieces: readonly Piece[]): string => (markup ? asXml(pieces) : asText(pieces));
  let latest = 0;

  bar.onInputStarted.addListener(async () => {
    const before = latest;
    await spoken();
    // Somebody typed meanwhile, and the line belongs to that.
    if (before !== latest) return;
    bar.setDefaultSuggestion({ description: described(defaultSuggestion("", { names: [], opened: [] })) });
  });

  bar.onInputChanged.addListener(async (typed, suggest) => {
    latest += 1;
    const turn = latest;
    const [now] = await Promise.all([known(), spoken()]);
    // Somebody typed on meanwhile, and the line above belongs to that.
    if (turn !== latest) return;
    bar.setDefaultSuggestion({ description: described(defaultSuggestion(typed, now)) });
    suggest(
      suggestions(typed, now).map(({ content, description }) => ({
        content,
        description: described(description),
      })),
    );
  });

  bar.onInputEntered.addListener(async (typed, disposition) => {
    latest += 1;
    open(meantAddress(typed, await known(), scheme()) ?? help(typed), disposition);
  });
}
