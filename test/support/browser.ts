/** Headless Chromium, where there is one: pages as people see them. */
import { existsSync } from "node:fs";
import { describe } from "@jest/globals";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Debian's package, with the codecs that the bundled clip needs: `apt-get install chromium`. */
const CHROMIUM = "/usr/bin/chromium";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** `describe` where Chromium is; elsewhere its tests are skipped, and that is said. */
export function describeInBrowser(name: string, body: () => void): void {
  if (existsSync(CHROMIUM)) {
    describe(name, body);
    return;
  }
  process.stderr.write(`\nNOT TESTED, because ${CHROMIUM} is not installed: ${name}\n\n`);
  describe.skip(name, body);
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
