/** The week, the costs and the health, in headless Chromium against the real functions. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, signIn } from "../support/console/console.js";

let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  app = await startTestApp();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.close();
});

interface Made {
  Name: string;
  RoomId: string;
  Recurrence: string;
  TimeZone?: string;
  Priority?: number;
  DurationSeconds?: number;
}

async function create({
  Name,
  RoomId,
  Recurrence,
  TimeZone = "UTC",
  Priority = 50,
  DurationSeconds = 3600,
}: Made) {
  const Ingest = { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
  const Windows = [{ Recurrence, DurationSeconds }];
  const body = { Name, TimeZone, Priority, Windows, Ingest };
  const headers = { "x-tc-action": "CreateIngestSchedule" };
  const { response } = await app.post("schedules", body, headers);
  expect(response.Error).toBeUndefined();
  return String(response["ScheduleId"]);
}

/** The browser's clock says `now`; the functions keep theirs. */
async function openWeek(now?: string): Promise<Page> {
  const { page } = await openConsole(browser, app.url, { timezoneId: "UTC" });
  if (now !== undefined) await page.clock.setSystemTime(new Date(now));
  await signIn(page, "caller", KEY);
  await goTo(page, "schedules");
  await page.locator(".week").waitFor();
  return page;
}

const entries = (page: Page, name: string) => page.locator(".entry", { hasText: name });

describeInBrowser("the week", () => {
  test("shows each day's occurrences, and how clocks change one of them", async () => {
    const Name = nextRoom("early");
    const Recurrence = "30 2 * * *";
    await create({ Name, RoomId: nextRoom(), Recurrence, TimeZone: "Europe/Berlin" });
    // On 28 March 2027 the clocks of Berlin go from 2:00 to 3:00.
    const page = await openWeek("2027-03-22T00:00:00Z");
    await entries(page, Name).first().waitFor();
    const sunday = page.locator(".week > li").nth(6);

    expect(await entries(page, Name).count()).toBe(7);
    expect(await sunday.locator("h3").textContent()).toMatch(/28 Mar/);
    expect(
      await sunday.locator(".entry", { hasText: Name }).locator(".note").textContent(),
    ).toMatch(/^Clocks change: .*\w/);
    expect(await page.locator(".week > li").nth(5).locator(".entry .note").count()).toBe(0);
  });

  test("has every occurrence of a schedule that plays often, or says that it has not", async () => {
    const often = nextRoom("often");
    const endless = nextRoom("endless");
    const small = { RoomId: nextRoom(), DurationSeconds: 60 };
    await create({ Name: often, Recurrence: "*/30 * * * *", ...small });
    const page = await openWeek();
    await page.locator("button", { hasText: "Week after" }).click();
    await entries(page, often).nth(335).waitFor();
    const note = page.locator(".hint", { hasText: "The week is not complete" });
    expect([await entries(page, often).count(), await note.isVisible()]).toEqual([336, false]);
    await create({ Name: endless, Recurrence: "*/10 * * * *", ...small });
    await page.locator(".status button").click();
    await note.waitFor();

    expect(await entries(page, endless).count()).toBe(1000);
  });

  test("names the conflict of two schedules in a room, and who plays", async () => {
    const RoomId = nextRoom("hall");
    const [low, high] = [nextRoom("low"), nextRoom("high")];
    await create({ Name: low, RoomId, Recurrence: "0 20 * * *", Priority: 10 });
    await create({ Name: high, RoomId, Recurrence: "30 20 * * *", Priority: 60 });
    const page = await openWeek();
    const conflict = page.locator(".conflicts li", { hasText: low });
    await conflict.waitFor();

    expect(await conflict.textContent()).toContain(high);
    expect(await conflict.textContent()).toMatch(/Priority/);
  });

  test("skips an occurrence after it has asked", async () => {
    const Name = nextRoom("skipped");
    const ScheduleId = await create({ Name, RoomId: nextRoom(), Recurrence: "0 12 * * *" });
    const page = await openWeek();
    await page.locator("button", { hasText: "Week after" }).click();
    const second = entries(page, Name).nth(1);
    await second.locator("button").click();
    await page.locator("dialog .danger").click();
    await second.locator(".badge", { hasText: "Skipped" }).waitFor();
    const { response } = await app.post(
      "schedules",
      { ScheduleId, State: "Skipped" },
      { "x-tc-action": "ListIngestOccurrences" },
    );

    expect(response["Occurrences"]).toHaveLength(1);
  });

  test("runs a schedule now, and leads to its ingest", async () => {
    const Name = nextRoom("now");
    await create({ Name, RoomId: nextRoom(), Recurrence: "0 3 1 1 *" });
    const page = await openWeek();
    await page.locator(".schedules li", { hasText: Name }).locator("button").click();
    await page.locator("dialog .danger").click();
    await entries(page, Name).locator("a").click();

    await page.locator(".facts", { hasText: "AKIDlocal" }).waitFor();
  });

  test("a hostile name is text", async () => {
    const Name = `<img src=x onerror="document.title='hacked'">`;
    await create({ Name, RoomId: nextRoom(), Recurrence: "0 4 * * *" });
    const page = await openWeek();
    await page.locator(".schedules", { hasText: Name }).waitFor();

    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.title()).not.toContain("hacked");
  });
});

describeInBrowser("the costs", () => {
  test("are a chart with one sentence, and a table with the same days", async () => {
    const body = { SdkAppId: CN_APP, RoomIdType: 0, StreamUrl: app.clip, MaxDuration: 5 };
    const { response } = await app.post("start-ingest", { ...body, RoomId: nextRoom() });
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: response["TaskId"] });
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", KEY);
    await goTo(page, "costs");
    await page.locator(".costs tbody tr").first().waitFor();
    const today = new Date().toISOString().slice(0, 10);

    expect(await page.locator("svg").getAttribute("aria-label")).toMatch(/Costs of 30 days/);
    expect(await page.locator(".costs tbody th").first().textContent()).toBe(today);
  });

  test("of a caller are the database's, over all its ingests and by the server's days", async () => {
    await app.database.query(
      `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
       values ('AKIDlocal', (now() at time zone 'UTC')::date - 3, $1, 0, 1200, 7200000, 12340000)`,
      [CN_APP],
    );
    const { page } = await openConsole(browser, app.url);
    // The clock of this computer is wrong by a week.
    await page.clock.setSystemTime(new Date(Date.now() + 7 * 86_400_000));
    await signIn(page, "caller", KEY);
    await goTo(page, "costs");
    await page.locator("#costs-days").selectOption("7");
    const day = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
    const cells = page.locator(".costs tbody tr", { hasText: day }).locator("td");
    await cells.first().waitFor();

    expect(await cells.allTextContents()).toEqual(["US$12.34", "120", "1,200"]);
  });
});

describeInBrowser("the health", () => {
  test("names a timer that stopped, first of all, and what to do", async () => {
    await app.database.query("delete from timer_run");
    await app.database.query(
      "insert into timer_run (function, ran_at, gaps_ms) values ('expire-ingests', now() - interval '1 hour', '{60000,60000,60000}')",
    );
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "operator", KEY);
    await goTo(page, "health");
    const stopped = page.locator(".health tr", { hasText: "expire-ingests: last run" });
    await stopped.waitFor();

    expect(await page.locator(".verdict").textContent()).toBe("Failure");
    expect(await stopped.locator(".badge").textContent()).toBe("Failure");
    expect(await stopped.textContent()).toMatch(/60 min ago.*check its trigger/);
    expect(await page.locator(".health tbody .badge").first().textContent()).toBe("Failure");
  });
});
