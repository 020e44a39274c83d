/** The languages the extension speaks, and which of them a person gets. */

export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  pt: "Português",
  zh: "中文",
  ja: "日本語",
  ar: "العربية",
} as const;

export type Language = keyof typeof LANGUAGES;

/** The browser's own language where it is one of ours, unless one was chosen. */
export type LanguageChoice = Language | "browser";

const RIGHT_TO_LEFT: ReadonlySet<Language> = new Set(["ar"]);

export function isLanguage(text: unknown): text is Language {
  return typeof text === "string" && Object.hasOwn(LANGUAGES, text);
}

/** `tag`: what the browser speaks (BCP 47), such as `pt-BR`. */
export function languageFor(choice: LanguageChoice, tag: string): Language {
  if (choice !== "browser") return choice;
  const first = tag.toLowerCase().split(/[-_]/)[0];
  return isLanguage(first) ? first : "en";
}

export function direction(language: Language): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}
