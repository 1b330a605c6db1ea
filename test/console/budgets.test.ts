/** A budget that is nearly spent: what an operator sees of it, and what its caller sees. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser } from "playwright-core";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, signIn } from "../support/console/console.js";

const SCHOOL_KEY = "a-key-of-the-school";

let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  const grants = { SdkAppIds: [CN_APP], SecretKeys: [SCHOOL_KEY] };
  const school = { Id: "AKIDschool", ...grants, Budgets: { DailyMinutes: 100 } };
  const OPERATOR_KEYS = JSON.stringify([{ Name: "anna", SecretKeys: [KEY] }]);
  app = await startTestApp({ env: { CALLERS: JSON.stringify([school]), OPERATOR_KEYS } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.close();
});

/** So many minutes were played today. reconcile-ingests sees it at its next run. */
async function play(minutes: number): Promise<void> {
  await app.database.query(
    `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
     select 'AKIDschool', present.day, $1, 1, 1, $2, 0 from budget_period(now()) as present
     on conflict (caller_id, day, sdk_app_id, shard) do update set played_ms = excluded.played_ms`,
    [CN_APP, minutes * 60_000],
  );
  await app
    .functionNamed("reconcile-ingests")
    .handler({ Type: "Timer" }, { getRemainingTimeInMillis: () => 30_000 });
}

describeInBrowser("a budget", () => {
  test("warns on the health page from 80 % on, with its figures and what to do", async () => {
    await play(50);
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "operator", KEY);
    await goTo(page, "health");
    const row = page.locator(".health tbody tr", { hasText: "budgets" });
    await row.filter({ hasText: "Good" }).waitFor();
    await play(85);
    await page.locator(".status button").click();
    await row.filter({ hasText: "Warning" }).waitFor();

    expect(await row.textContent()).toContain(
      "DailyMinutes of the caller AKIDschool is spent to 85 %: 85 minutes of 100 minutes",
    );
    expect(await row.locator(".hint").textContent()).toMatch(/stop what need not play/);
  });

  test("that a start would pass is named at the form, with the figures", async () => {
    await play(85);
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", SCHOOL_KEY);
    await goTo(page, "start");
    const room = nextRoom();
    await page.locator("#start-RoomId").fill(room);
    await page.locator("#start-StreamUrl").fill(app.clip);
    await page.locator("#start-RepeatNum").selectOption("-1");
    await page.locator("#start-MaxDuration").fill("30");
    await page.locator("main button[type=submit]").click();
    const refusal = page.locator("main form [role=alert]");
    await refusal.filter({ hasText: "DailyMinutes" }).waitFor();
    expect(await refusal.textContent()).toMatch(
      /the budget is 100 minutes, spent so far: 85 minutes.*shorter MaxDuration/,
    );
    await page.locator("#start-MaxDuration").fill("10");
    await page.locator("main button[type=submit]").click();
    await page.locator("main [role=status] a").click();

    await page.locator("h1", { hasText: room }).waitFor();
  });
});
