/** The console in headless Chromium: opens it, signs in, and reads what a person would. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { type Opened, openPage } from "./pages.js";

type Kind = "caller" | "operator";

export const openConsole = (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> => openPage(browser, `${url}/console/`, { locale: "en-GB", ...options });

export async function signIn(page: Page, kind: Kind, key: string): Promise<void> {
  await page.locator(`#kind-${kind}`).check();
  await page.locator("#key").fill(key);
  await page.locator("main button[type=submit]").click();
  await page.locator("nav").waitFor();
}

/** The page after the click on its link. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.locator(`nav a[href="#/${name}"]`).click();
  await page.locator(`nav a[href="#/${name}"][aria-current]`).waitFor();
}

/**
 * Refreshes as the page's timer does, and waits until the answer is drawn. A click on the button would
 * move the focus, and its second would not tell one answer from the next.
 */
export async function refresh(page: Page): Promise<void> {
  await page.locator(".age", { hasText: /Updated [1-9]/ }).waitFor();
  await page.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
  await page.locator(".age", { hasText: "Updated 0 s ago" }).waitFor();
}

/** Gives an answer that has come the time to be drawn, for a test that nothing follows from it. */
export const settle = (page: Page): Promise<unknown> =>
  page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))");
