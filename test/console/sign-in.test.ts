/** Signing in, and what the console says when it cannot go on: in headless Chromium. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import type { Caller } from "../../shared/config/callers.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { versionChecked } from "../../shared/store/schema/version.js";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, signIn } from "../support/console/console.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { type DatabaseProxy, startDatabaseProxy } from "../support/database/database-proxy.js";

let proxy: DatabaseProxy;
let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  proxy = await startDatabaseProxy(await newPostgresUrl());
  const database = openPostgres(proxy.url, { connectTimeoutMs: 300, queryTimeoutMs: 600 });
  app = await startTestApp({ database: versionChecked(database) });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.close();
  await proxy.close();
});

const problem = (page: Page) => page.locator(".status .problem");

/** Takes the caller's keys away, as a new deployment would. Returns how to give them back. */
function revokeKeys(): () => void {
  const keys = app.services.config.callersByKeyDigest as Map<string, Caller>;
  const kept = [...keys];
  keys.clear();
  return () => kept.forEach(([digest, caller]) => keys.set(digest, caller));
}

describeInBrowser("signing in", () => {
  test("a wrong key says so at its field, and takes the key out of it", async () => {
    const { page, complaints } = await openConsole(browser, app.url);
    await page.locator("#key").fill("a-wrong-key");
    await page.locator("main button[type=submit]").click();
    await page.locator("#key-error", { hasText: "No caller has this key" }).waitFor();

    expect(await page.locator("#key").inputValue()).toBe("");
    expect(await page.locator("#key").getAttribute("aria-invalid")).toBe("true");
    await signIn(page, "caller", KEY);
    expect(complaints).toEqual([]);
  });

  test("a key of an operator is no key of a caller, and is checked as one", async () => {
    const { page } = await openConsole(browser, app.url);
    await page.locator("#kind-operator").check();
    await page.locator("#key").fill("a-wrong-key");
    await page.locator("main button[type=submit]").click();

    await page.locator("#key-error", { hasText: "No operator has this key" }).waitFor();
  });

  test("a key that no header can carry is refused before it is sent", async () => {
    const { page } = await openConsole(browser, app.url);
    await page.locator("#key").fill("schlüssel");
    await page.locator("main button[type=submit]").click();

    await page.locator("#key-error", { hasText: "printable ASCII" }).waitFor();
  });

  test("the key is in no storage, no address, no cookie and no log", async () => {
    const { page } = await openConsole(browser, app.url);
    const addresses: string[] = [];
    page.on("request", (request) => addresses.push(request.url()));
    await signIn(page, "caller", KEY);
    await goTo(page, "schedules");
    await goTo(page, "ingests");
    const stored = await page.evaluate<string>(`JSON.stringify([{ ...localStorage },
      { ...sessionStorage }, document.cookie, location.href, history.state, document.title,
      document.documentElement.outerHTML])`);
    const databases = await page.evaluate<unknown[]>("indexedDB.databases()");
    const cookies = await page.context().cookies();

    expect([...addresses, stored, ...app.logLines].filter((text) => text.includes(KEY))).toEqual(
      [],
    );
    expect([databases, cookies]).toEqual([[], []]);
    expect(await page.locator("input[type=password]").count()).toBe(0);
  });

  test("a reload and a sign-out forget the key", async () => {
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", KEY);
    await page.reload();
    expect(await page.locator("#key").inputValue()).toBe("");
    await signIn(page, "caller", KEY);
    await page.locator("#sign-out").click();

    await page.locator("#key").waitFor();
    expect(await page.locator("#key").inputValue()).toBe("");
    expect(await page.locator("nav").count()).toBe(0);
  });

  test("a second tab says that it needs the key itself", async () => {
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", KEY);
    const second = await page.context().newPage();
    await second.goto(`${app.url}/console/`);

    await second.locator(".notice", { hasText: "signed in in another tab" }).waitFor();
    await signIn(second, "caller", KEY);
  });
});

describeInBrowser("what goes wrong later", () => {
  test("a key that expires brings the sign-in back, says why, and returns to the page", async () => {
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", KEY);
    await goTo(page, "costs");
    const giveBack = revokeKeys();
    try {
      await page.locator(".status button").click();
      await page.locator("main [role=alert]", { hasText: "not accepted any more" }).waitFor();
    } finally {
      giveBack();
    }
    await signIn(page, "caller", KEY);

    expect(page.url()).toMatch(/#\/costs$/);
  });

  test("a lost connection says so, keeps what is shown, and recovers by itself", async () => {
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", KEY);
    await page.locator(".age", { hasText: "Updated" }).waitFor();
    await page.context().setOffline(true);
    await page.locator(".status button").click();
    await problem(page)
      .filter({ hasText: /connection is lost.*Next try in/s })
      .waitFor();

    expect(await page.locator(".age").textContent()).toMatch(/^Updated \d+ s ago/);
    expect(await page.locator(".status button").textContent()).toBe("Try now");
    await page.context().setOffline(false);
    await problem(page).waitFor({ state: "hidden" });
  });

  test("a 503 says so, and the button recovers", async () => {
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", KEY);
    await page.locator(".age", { hasText: "Updated" }).waitFor();
    await proxy.turn("refused");
    proxy.cut();
    try {
      await page.locator(".status button").click();
      await problem(page).filter({ hasText: "HTTP 503" }).waitFor();
    } finally {
      await proxy.turn("through");
    }
    await page.locator(".status button").click();

    await problem(page).waitFor({ state: "hidden" });
  });
});
