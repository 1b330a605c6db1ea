/** The texts of the console in the chosen language. */
import { EN } from "./en.js";
import { ZH } from "./zh.js";

export type Word = keyof typeof EN;
export type Language = "en" | "zh";

const TABLES: Readonly<Record<Language, Readonly<Record<Word, string>>>> = { en: EN, zh: ZH };

/** The names of the languages, each in itself. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", zh: "中文" };

let language: Language = "en";

export const currentLanguage = (): Language => language;

/** For `lang` and for Intl. */
export const localeOf = (): string => (language === "zh" ? "zh-CN" : "en-GB");

export function chooseLanguage(next: string): void {
  language = next.toLowerCase().startsWith("zh") ? "zh" : "en";
}

type Values = Readonly<Record<string, string | number>>;

/** Replaces `{name}` by its value. */
export function t(word: Word, values: Values = {}): string {
  return TABLES[language][word].replace(/\{(\w+)\}/g, (_, name: string) =>
    String(values[name] ?? ""),
  );
}

/** The word of an API value, such as a state. A value that is new to the console stays as it is. */
export function label(prefix: string, value: string): string {
  const word = `${prefix}.${value}`;
  return Object.hasOwn(EN, word) ? t(word as Word) : value;
}
