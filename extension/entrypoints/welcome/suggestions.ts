/** What each browser's search suggestions are called and where they are switched off. */

import type { Brand } from "../../browser/brand";
import type { MessageId } from "../../i18n/catalogue";

export interface SuggestionsHint {
  words: MessageId;
  /** The page of the settings, where an extension may open it. */
  page: string | null;
}

export function suggestionsHint(brand: Brand): SuggestionsHint {
  switch (brand) {
    case "firefox":
      return { words: "welcome.suggestionsFirefox", page: null };
    case "chrome":
    case "chromium":
      return { words: "welcome.suggestionsChromium", page: "chrome://settings/googleServices" };
    case "edge":
      return { words: "welcome.suggestionsEdge", page: "edge://settings/search" };
    case "brave":
      return { words: "welcome.suggestionsBrave", page: "brave://settings/search" };
    case "vivaldi":
    case "opera":
      return { words: "welcome.suggestionsOther", page: null };
  }
}
