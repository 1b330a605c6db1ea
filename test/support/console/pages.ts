/** Pages in headless Chromium, for tests and for scripts that Jest does not run. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { CHROMIUM } from "../programs.js";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

export interface Opened {
  page: Page;
  /** The browser's complaints: exceptions, and violations of the page's policy. */
  complaints: string[];
}

/** A page that shares nothing with other pages. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext(options);
  // Less than a test's own limit, so that its failure says what it waited for.
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => {
    // A server without CORS is reported here too. The relay exists for such servers.
    const isPolicy = /Content Security Policy/i.test(line.text());
    if (isPolicy) complaints.push(line.text());
  });
  await page.goto(url);
  return { page, complaints };
}
