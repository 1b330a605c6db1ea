/** The console for everyone: by keyboard alone, by screen reader, in both languages, on a phone. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, signIn } from "../support/console/console.js";
import { tooWide, violations } from "../support/console/looks.js";

let app: TestApp;
let browser: Browser;
let taskId: string;
beforeAll(async () => {
  app = await startTestApp({ callbacks: true });
  browser = await startBrowser();
  const start = { SdkAppId: CN_APP, RoomIdType: 0, MaxDuration: 30 };
  const Playlist = ["A", "B"].map((Title) => ({ Title, StreamUrl: app.clip }));
  const { response } = await app.post("start-ingest", {
    ...start,
    RoomId: "lobby",
    Playlist,
    PlaylistRepeatNum: -1,
  });
  taskId = String(response["TaskId"]);
  const longest = "m".repeat(64);
  await app.post("start-ingest", { ...start, RoomId: longest, StreamUrl: app.clip, RepeatNum: -1 });
  const headers = { "x-tc-action": "CreateIngestSchedule" };
  for (const [Name, Recurrence] of [
    ["Evening", "30 19 * * *"],
    ["Night", "0 20 * * *"],
  ]) {
    const Ingest = { SdkAppId: CN_APP, RoomId: "hall", RoomIdType: 0, StreamUrl: app.clip };
    const Windows = [{ Recurrence, DurationSeconds: 3600 }];
    await app.post("schedules", { Name, TimeZone: "Asia/Shanghai", Windows, Ingest }, headers);
  }
});
afterAll(async () => {
  await browser.close();
  await app.close();
});

/** Visits every page of both kinds of keys. */
async function visitAll(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  await look("sign-in");
  await signIn(page, "caller", KEY);
  for (const name of ["ingests", "start", "schedules", "costs"]) {
    await goTo(page, name);
    if (name !== "start") await page.locator(".age", { hasText: /Updated|更新/ }).waitFor();
    await look(name);
  }
  await page.evaluate(`location.hash = "#/ingests/${taskId}"`);
  await page.locator(".timeline li").first().waitFor();
  await look("ingest");
  await page.locator("main .danger").click();
  await look("confirm");
  await page.keyboard.press("Escape");
  await page.locator("#sign-out").click();
  await signIn(page, "operator", KEY);
  for (const name of ["ingests", "schedules"]) {
    await goTo(page, name);
    await page.locator("main li").first().waitFor();
    await look(`${name} of operators`);
    if (name === "schedules") continue;
    await page.locator(".bulk summary").click();
    await look("all that the filter selects");
  }
  await goTo(page, "costs");
  await page.locator(".chart").waitFor();
  await look("costs of operators");
  await goTo(page, "health");
  await page.locator(".health tbody tr").first().waitFor();
  await look("health");
}

const PAGES = 12;

describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
  describeInBrowser("axe-core", () => {
    test("finds no violation on any page", async () => {
      const { page, complaints } = await openConsole(browser, app.url, { colorScheme });
      const seen: string[] = [];
      await visitAll(page, async (name) => {
        seen.push(name);
        expect([name, await violations(page)]).toEqual([name, []]);
      });

      expect(seen).toHaveLength(PAGES);
      expect(complaints).toEqual([]);
    }, 180_000);
  });
});

describe.each(["en-GB", "zh-CN"])("in %s", (locale) => {
  describeInBrowser("a screen of 390 px", () => {
    test("holds every page without scrolling sideways", async () => {
      const viewport = { width: 390, height: 800 };
      const { page } = await openConsole(browser, app.url, { viewport, locale });
      await visitAll(page, async (name) => {
        expect([name, await tooWide(page)]).toEqual([name, []]);
      });
    }, 180_000);
  });
});

describeInBrowser("languages", () => {
  test("the browser's language is used, the switch changes it, and the page says so", async () => {
    const { page } = await openConsole(browser, app.url, { locale: "zh-CN" });
    expect(await page.locator("h1").textContent()).toBe("登录");
    await signIn(page, "caller", KEY);
    await page.locator(".ingests", { hasText: "播放中" }).waitFor();
    expect(await page.evaluate("document.documentElement.lang")).toBe("zh-CN");
    await page.locator("#language").focus();
    await page.locator("#language").selectOption("en");
    await page.locator(".ingests", { hasText: "On air" }).waitFor();

    expect(await page.evaluate("document.documentElement.lang")).toBe("en-GB");
    expect(await page.evaluate("document.activeElement.id")).toBe("language");
  });

  test("what is typed into the start form survives a change of the language", async () => {
    const { page } = await openConsole(browser, app.url);
    await signIn(page, "caller", KEY);
    await goTo(page, "start");
    await page.locator("#start-RoomId").fill("lobby-7");
    await page.locator("#language").selectOption("zh");

    expect(await page.locator("#start-RoomId").inputValue()).toBe("lobby-7");
  });
});

describeInBrowser("the theme", () => {
  test("follows the system until the switch says otherwise", async () => {
    const { page } = await openConsole(browser, app.url, { colorScheme: "dark" });
    const ground = () =>
      page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
    const dark = await ground();
    await page.locator("#theme").selectOption("light");

    expect(dark).toBe("rgb(12, 15, 20)");
    expect(await ground()).toBe("rgb(245, 246, 248)");
  });
});

describeInBrowser("the keyboard alone", () => {
  const focused = (page: Page) =>
    page.evaluate<string>("document.activeElement.textContent || document.activeElement.id");

  /** Presses Tab until the focus is there, as a person would. */
  async function tabTo(page: Page, text: string): Promise<void> {
    for (let press = 0; press < 40; press += 1) {
      if ((await focused(page)) === text) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`No Tab leads to ${text}`);
  }

  test("signs in, opens an ingest, stops it, and skips the header", async () => {
    const { response } = await app.post("start-ingest", {
      SdkAppId: CN_APP,
      RoomId: "by-keyboard",
      RoomIdType: 0,
      StreamUrl: app.clip,
      RepeatNum: -1,
    });
    const { page } = await openConsole(browser, app.url);
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Skip to the content");
    await tabTo(page, "key");
    await page.keyboard.type(KEY);
    await page.keyboard.press("Enter");
    await page.locator(".ingests a", { hasText: "by-keyboard" }).waitFor();
    expect(await focused(page)).toBe("Ingests");
    await tabTo(page, "by-keyboard");
    await page.keyboard.press("Enter");
    await page.locator("main .danger:enabled").waitFor();
    await tabTo(page, "Stop");
    const outline = await page.evaluate<string>(
      "getComputedStyle(document.activeElement).outlineStyle",
    );
    await page.keyboard.press("Enter");
    expect([outline, await focused(page)]).toEqual(["solid", "Cancel"]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".facts", { hasText: "Stopped" }).waitFor();
    const described = await app.post("describe-ingest", {
      SdkAppId: CN_APP,
      TaskId: response["TaskId"],
    });

    expect(described.response["EndReason"]).toBe("stopped");
  });
});

describeInBrowser("a screen reader", () => {
  test("finds the landmarks, and one heading of the first level on each page", async () => {
    const { page } = await openConsole(browser, app.url);
    await visitAll(page, async (name) => {
      const headings = await page.locator("h1").count();
      const mains = await page.getByRole("main", { includeHidden: true }).count();
      const statuses = await page.locator("body > [role=status][aria-live]").count();
      expect([name, headings, mains, statuses]).toEqual([name, 1, 1, 1]);
    });
  }, 180_000);
});
