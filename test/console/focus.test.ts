/** The place of people who use the keyboard or a screen reader, when a refresh draws the page anew. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, refresh, signIn } from "../support/console/console.js";

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

async function start(room: string): Promise<string> {
  const body = { SdkAppId: CN_APP, RoomId: room, RoomIdType: 0, StreamUrl: app.clip };
  const { response } = await app.post("start-ingest", {
    ...body,
    RepeatNum: 1000,
    MaxDuration: 30,
  });
  return String(response["TaskId"]);
}

async function createSchedule(Name: string): Promise<void> {
  const Ingest = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0, StreamUrl: app.clip };
  const Windows = [{ Recurrence: "0 12 * * *", DurationSeconds: 600 }];
  const headers = { "x-tc-action": "CreateIngestSchedule" };
  await app.post("schedules", { Name, TimeZone: "UTC", Windows, Ingest }, headers);
}

async function openSignedIn(kind: "caller" | "operator" = "caller"): Promise<Page> {
  const { page } = await openConsole(browser, app.url, { timezoneId: "UTC" });
  await signIn(page, kind, KEY);
  return page;
}

const row = (page: Page, room: string) => page.locator(".ingests li", { hasText: room });
const focused = (page: Page) =>
  page.evaluate<string>(
    "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
  );

describeInBrowser("the focus", () => {
  test("stays on the link of a row that moves to the top, and of one that stays", async () => {
    const [first, second] = [nextRoom("first"), nextRoom("second")];
    const taskId = await start(first);
    await start(second);
    const page = await openSignedIn();
    await row(page, first).locator("a").focus();
    await app.database.query("update ingest set media_state = 'failed' where task_id = $1", [
      taskId,
    ]);
    await refresh(page);
    await page.locator(".ingests li:first-child", { hasText: first }).waitFor();
    expect(await focused(page)).toBe(first);
    await row(page, second).locator("a").focus();
    await app.database.query("update ingest set media_state = 'playing' where task_id = $1", [
      taskId,
    ]);
    await refresh(page);
    await page.locator(".ingests li:first-child", { hasText: second }).waitFor();

    expect(await focused(page)).toBe(second);
  });

  test("goes to the next row when its own goes", async () => {
    const [ending, staying] = [nextRoom("ending"), nextRoom("staying")];
    await start(staying);
    const taskId = await start(ending);
    const page = await openSignedIn();
    await row(page, ending).locator("a").focus();
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
    await refresh(page);
    await row(page, ending).waitFor({ state: "detached" });

    expect(await focused(page)).toBe(staying);
  });

  test("stays on a schedule's button when another schedule comes", async () => {
    const [one, other] = [nextRoom("one"), nextRoom("other")];
    await createSchedule(one);
    const page = await openSignedIn();
    await goTo(page, "schedules");
    const run = page.locator(".schedules li", { hasText: one }).locator("button");
    await run.focus();
    await createSchedule(other);
    await refresh(page);
    await page.locator(".schedules li", { hasText: other }).waitFor();
    expect(await focused(page)).toBe(`Run now: ${one}`);
    await page.locator(".entry button").last().focus();
    const skip = await focused(page);
    await createSchedule(nextRoom("third"));
    await refresh(page);
    await page.locator(".schedules li").nth(2).waitFor();

    expect(skip).toMatch(/^Skip: /);
    expect(await focused(page)).toBe(skip);
  });

  test("goes to the heading when the button that was pressed cannot be pressed again", async () => {
    const room = nextRoom("stopped");
    const taskId = await start(room);
    const page = await openSignedIn();
    await page.evaluate(`location.hash = "#/ingests/${taskId}"`);
    await page.setViewportSize({ width: 800, height: 400 });
    await page.locator("main .danger:enabled").focus();
    await page.evaluate("scrollTo(0, 300)");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("main .danger:disabled").waitFor();

    expect(await focused(page)).toBe(`Ingest in room ${room}`);
    expect(await page.evaluate("scrollY")).toBe(300);
  });

  test("stays on Start while it is sent, and after a failure", async () => {
    const page = await openSignedIn();
    await goTo(page, "start");
    await page.route("**/console/api", (route) => route.abort());
    await page.locator("main button[type=submit]").focus();
    await page.keyboard.press("Enter");
    await page.locator("main [role=alert]", { hasText: "No answer" }).waitFor();

    expect(await focused(page)).toBe("Start");
  });
});

describeInBrowser("a refresh without news", () => {
  test.each([
    ["schedules", "caller", ".week, .schedules"],
    ["costs", "caller", ".costs"],
    ["health", "operator", ".health"],
  ] as const)(
    "leaves every row of the %s in place",
    async (name, kind, parts) => {
      await createSchedule(nextRoom());
      await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: await start(nextRoom()) });
      const page = await openSignedIn(kind);
      await goTo(page, name);
      await page.locator(".age", { hasText: "Updated" }).waitFor();
      await page.evaluate(`window.kept = [...document.querySelectorAll("${parts}")]
      .flatMap((part) => [...part.querySelectorAll("li, tr, article, button")])`);
      await refresh(page);
      await page.locator(".age", { hasText: "Updated 0 s ago" }).waitFor();

      expect(await page.evaluate("window.kept.length")).toBeGreaterThan(1);
      expect(await page.evaluate("window.kept.every((node) => node.isConnected)")).toBe(true);
    },
    60_000,
  );
});

describeInBrowser("a screen reader", () => {
  test("hears the same message again", async () => {
    const taskId = await start(nextRoom());
    const page = await openSignedIn();
    await page.evaluate(`location.hash = "#/ingests/${taskId}"`);
    const extend = page.locator("main button:enabled", { hasText: "+15 min" });
    await extend.click();
    const line = page.locator(".announcement", { hasText: "15 minutes" });
    await line.waitFor();
    const changed = page.evaluate(`new Promise((resolve) => new MutationObserver(resolve)
      .observe(document.querySelector(".announcement"), { childList: true, characterData: true, subtree: true }))
      .then(() => true)`);
    await extend.click();

    expect(await changed).toBe(true);
    expect((await line.textContent())?.trim()).toBe("The deadline has moved by 15 minutes.");
  });
});
