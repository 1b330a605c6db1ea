/** People of the day who have the console only: what they read and click, in their language. */
import type { Browser, Locator, Page } from "playwright-core";
import { EN } from "../../../console/words/en.js";
import { ZH } from "../../../console/words/zh.js";
import { goTo, openConsole, signIn } from "../console/console.js";

export type Locale = "en-GB" | "zh-CN";
export const LOCALES: readonly Locale[] = ["en-GB", "zh-CN"];

const WORDS: Readonly<Record<Locale, Readonly<Record<keyof typeof EN, string>>>> = {
  "en-GB": EN,
  "zh-CN": ZH,
};

export interface Person {
  page: Page;
  /** A text of the console in the person's language, with its values. */
  says: (word: keyof typeof EN, values?: Readonly<Record<string, string | number>>) => string;
  goTo: (name: string) => Promise<void>;
  /** The list with this filter. What is left out is empty. */
  filter: (asked?: Asked) => Promise<void>;
  row: (room: string) => Locator;
  open: (room: string) => Promise<void>;
  fact: (word: keyof typeof EN) => Locator;
  /** Shows the buttons for all that the filter selects. */
  openAll: () => Promise<void>;
  confirm: () => Promise<void>;
}

interface Asked {
  room?: string;
  caller?: string;
  state?: string;
  isTroubled?: boolean;
}

interface Who {
  kind: "caller" | "operator";
  key: string;
}

export async function startPerson(
  browser: Browser,
  url: string,
  locale: Locale,
  { kind, key }: Who,
): Promise<Person> {
  const { page } = await openConsole(browser, url, { locale });
  await signIn(page, kind, key);
  const says: Person["says"] = (word, values = {}) =>
    WORDS[locale][word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  const row: Person["row"] = (room) =>
    page.locator(".ingests li").filter({ has: page.locator(`.room:text-is("${room}")`) });
  return {
    page,
    says,
    row,
    goTo: (name) => goTo(page, name),
    async filter({ room = "", caller = "", state = "live", isTroubled = false } = {}) {
      await goTo(page, "ingests");
      await page.locator("#filter-state").selectOption(state);
      await page.locator("#filter-trouble").setChecked(isTroubled);
      await page.locator("#filter-caller").fill(caller);
      await page.locator("#filter-room").fill(room);
      await page.locator("#filter-room").press("Enter");
    },
    async open(room) {
      await row(room).first().locator("a").click();
      await page.locator(".facts dd").first().waitFor();
    },
    fact: (word) => page.locator(`.facts dt:text-is("${says(word)}") + dd`),
    async openAll() {
      const isOpen = (await page.locator(".bulk[open]").count()) > 0;
      if (!isOpen) await page.locator(".bulk summary").click();
    },
    confirm: () => page.locator("dialog .danger").click(),
  };
}
