/** Headless Chromium, where there is one: pages as people see them. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { describeWith } from "../needed.js";
import { CHROMIUM, hasChromium } from "../programs.js";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** `describe` where Chromium is. */
export function describeInBrowser(name: string, body: () => void): void {
  describeWith({ isThere: hasChromium, program: CHROMIUM }, name, body);
}

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

export interface Opened {
  page: Page;
  /** What the browser complained about: exceptions, and what the page's policy forbids. */
  complaints: string[];
}

/** A page of its own, with nothing kept from any other. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => {
    // A server that lets no page read it is reported here too, and is what the relay is for.
    const isPolicy = /Content Security Policy/i.test(line.text());
    if (isPolicy) complaints.push(line.text());
  });
  await page.goto(url);
  return { page, complaints };
}
