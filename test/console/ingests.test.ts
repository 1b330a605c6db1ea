/** The list, an ingest's page and the start form, in headless Chromium against the real functions. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, refresh, signIn } from "../support/console/console.js";

let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  app = await startTestApp({ callbacks: true, timers: true });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.close();
});

async function start(fields: Record<string, unknown>): Promise<string> {
  const { response } = await app.post("start-ingest", {
    SdkAppId: CN_APP,
    RoomIdType: 0,
    MaxDuration: 30,
    ...fields,
  });
  return String(response["TaskId"]);
}

const loop = (room: string) => start({ RoomId: room, StreamUrl: app.clip, RepeatNum: -1 });

async function describeIngest(TaskId: string) {
  const { response } = await app.post("describe-ingest", { SdkAppId: CN_APP, TaskId });
  return response;
}

async function openSignedIn(hash = ""): Promise<Page> {
  const { page } = await openConsole(browser, app.url);
  await signIn(page, "caller", KEY);
  // A change of the part after # keeps the page, and so the key.
  if (hash !== "") await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  return page;
}

const row = (page: Page, room: string) => page.locator(".ingests li", { hasText: room });
const fact = (page: Page, name: string) => page.locator(`.facts dt:text-is("${name}") + dd`);

describeInBrowser("the list", () => {
  test("shows what plays, and the filter by room leaves one", async () => {
    const [one, other] = [nextRoom("one"), nextRoom("other")];
    await Promise.all([loop(one), loop(other)]);
    const page = await openSignedIn();
    await row(page, one).waitFor();
    await row(page, other).waitFor();
    await page.locator("#filter-room").fill(one);
    await page.locator("#filter-room").press("Enter");
    await row(page, other).waitFor({ state: "detached" });

    expect(await page.locator(".ingests li").count()).toBe(1);
  });

  test("a refresh is one request, and leaves unchanged rows alone", async () => {
    const room = nextRoom("still");
    const taskId = await loop(room);
    // What plays has another cost every second.
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
    const page = await openSignedIn();
    await page.locator("#filter-state").selectOption("ended");
    await page.locator("#filter-room").fill(room);
    await page.locator("#filter-room").press("Enter");
    await row(page, room).filter({ hasText: "Stopped" }).waitFor();
    await page.evaluate(`window.changes = [];
      window.row = document.querySelector(".ingests li");
      new MutationObserver((records) => window.changes.push(...records.map(({ target, type }) => type + " " + target.textContent)))
        .observe(document.querySelector(".ingests"), { subtree: true, childList: true, characterData: true, attributes: true })`);
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await refresh(page);

    expect(await page.locator(".ingests li").count()).toBe(1);
    expect(requests).toEqual([`${app.url}/console/api`]);
    expect(await page.evaluate("window.changes")).toEqual([]);
    // Another refresh writes the one text that has changed, into the same row.
    await app.database.query(
      "update ingest set end_reason = 'finished', end_cause = null where task_id = $1",
      [taskId],
    );
    await refresh(page);
    await row(page, room).filter({ hasText: "Played to its end" }).waitFor();
    expect(await page.evaluate("window.changes.length")).toBe(1);
    expect(await page.evaluate("window.row === document.querySelector('.ingests li')")).toBe(true);
  });

  test("a dead source comes first, and says what is wrong", async () => {
    const [dead, alive] = [nextRoom("dead"), nextRoom("alive")];
    await start({ RoomId: dead, StreamUrl: `${app.trtcUrl}/media/there-is-none.mp4` });
    await loop(alive);
    const page = await openSignedIn();
    await page.locator("#filter-state").selectOption("");
    const trouble = row(page, dead).locator(".trouble");
    await trouble.filter({ hasText: /\w/ }).waitFor({ timeout: 45_000 });
    const first = await page.locator(".ingests li").first().textContent();

    expect(await trouble.textContent()).toMatch(/source|media|open/i);
    expect(first).toContain(dead);
  });
});

describeInBrowser("an ingest's page", () => {
  test("stop asks first: Cancel leaves it, Stop ends it", async () => {
    const room = nextRoom();
    const taskId = await loop(room);
    const page = await openSignedIn();
    await row(page, room).locator("a").click();
    await page.locator("main .danger:enabled").click();
    await page.locator("dialog", { hasText: room }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    expect((await describeIngest(taskId))["State"]).toBe("running");
    await page.locator("main .danger:enabled").click();
    await page.locator("dialog .danger").click();
    await page.locator(".timeline", { hasText: "Ended" }).waitFor();

    expect((await describeIngest(taskId))["EndReason"]).toBe("stopped");
    expect(await page.locator("main .danger").isDisabled()).toBe(true);
    expect(await fact(page, "State").textContent()).toBe("Stopped");
  });

  test("+15 min moves the deadline by a quarter of an hour", async () => {
    const taskId = await start({ RoomId: nextRoom(), StreamUrl: app.clip, RepeatNum: 1000 });
    const before = Date.parse(String((await describeIngest(taskId))["Deadline"]));
    const page = await openSignedIn(`#/ingests/${taskId}`);
    await page.locator("main button:enabled", { hasText: "+15 min" }).click();
    await page.locator(".announcement", { hasText: "15 minutes" }).waitFor();
    const after = Date.parse(String((await describeIngest(taskId))["Deadline"]));

    expect(after - before).toBe(900_000);
  });

  test("skip plays the next item, pause and resume change the pause", async () => {
    const items = ["First", "Second"].map((Title) => ({ Title, StreamUrl: app.clip }));
    const taskId = await start({ RoomId: nextRoom(), Playlist: items, PlaylistRepeatNum: -1 });
    const page = await openSignedIn(`#/ingests/${taskId}`);
    await fact(page, "Item on air").filter({ hasText: "First" }).waitFor();
    await page.locator("main button:enabled", { hasText: "Skip item" }).click();
    await fact(page, "Item on air").filter({ hasText: "Second" }).waitFor();
    await page.locator("main button:enabled", { hasText: "Pause" }).click();
    await page.locator(".announcement", { hasText: "It is paused." }).waitFor();
    await page.locator("main button:enabled", { hasText: "Resume" }).click();
    await page.locator(".announcement", { hasText: "It plays again." }).waitFor();
    await page.locator("main button:enabled", { hasText: "Pause" }).waitFor();

    expect((await describeIngest(taskId))["IsPaused"]).toBe(false);
  });

  test("a TaskId that does not exist says so", async () => {
    const page = await openSignedIn("#/ingests/ing-00000000000000000000000000");

    await page.locator("main [role=alert]", { hasText: "no such ingest" }).waitFor();
  });
});

describeInBrowser("the start form", () => {
  test("a refusal stands at its field in the API's words, and a right form starts", async () => {
    const page = await openSignedIn("#/start");
    await page.locator("#start-SdkAppId").fill(String(CN_APP));
    await page.locator("#start-RoomIdType").selectOption("1");
    await page.locator("#start-RoomId").fill("not a number");
    await page.locator("#start-StreamUrl").fill(app.clip);
    await page.locator("main button[type=submit]").click();
    await page.locator("#start-RoomId-error", { hasText: "RoomIdType" }).waitFor();
    expect(await page.locator("#start-RoomId").getAttribute("aria-invalid")).toBe("true");
    expect(await page.evaluate("document.activeElement.id")).toBe("start-RoomId");
    const room = nextRoom("by-form");
    await page.locator("#start-RoomIdType").selectOption("0");
    await page.locator("#start-RoomId").fill(room);
    await page.locator("#start-MaxDuration").fill("x");
    await page.locator("main button[type=submit]").click();
    await page.locator("#start-MaxDuration-error", { hasText: "MaxDuration" }).waitFor();
    await page.locator("#start-MaxDuration").fill("5");
    await page.locator("#start-RepeatNum").selectOption("-1");
    await page.locator("main button[type=submit]").click();
    await page.locator("main [role=status] a").click();
    await page.locator("h1", { hasText: room }).waitFor();

    expect(await fact(page, "State").textContent()).toBe("On air");
  });

  test("several lines start a list with its titles", async () => {
    const page = await openSignedIn("#/start");
    await page.locator("#start-SdkAppId").fill(String(CN_APP));
    await page.locator("#start-RoomId").fill(nextRoom());
    await page.locator("#start-StreamUrl").fill(`${app.clip} | Opening\n${app.clip}`);
    await page.locator("main button[type=submit]").click();
    await page.locator("main [role=status] a").click();

    await fact(page, "Item on air").filter({ hasText: "1. Opening" }).waitFor();
  });
});

const HOSTILE = `<img src=x onerror="document.title='hacked'"><script>document.title="hacked"</script>`;

describeInBrowser("hostile text is shown as text", () => {
  /** The page has it as text, and nothing of it became an element. */
  async function expectText(page: Page, text: string): Promise<void> {
    await page.locator("main", { hasText: text }).waitFor();
    expect(await page.locator("main img, main script, main b").count()).toBe(0);
    expect(await page.title()).not.toContain("hacked");
  }

  test("a title", async () => {
    const room = nextRoom();
    const items = [{ Title: HOSTILE, StreamUrl: app.clip }];
    const taskId = await start({ RoomId: room, Playlist: items, PlaylistRepeatNum: -1 });
    const page = await openSignedIn();
    await row(page, room).waitFor();
    await expectText(page, HOSTILE);
    await goTo(page, "ingests");
    await page.evaluate(`location.hash = "#/ingests/${taskId}"`);
    await fact(page, "Item on air").waitFor();

    await expectText(page, HOSTILE);
  });

  test("a StreamUrl", async () => {
    const path = "/media/<b>clip</b>.mp4";
    const room = nextRoom();
    const taskId = await start({ RoomId: room, StreamUrl: `${app.trtcUrl}${path}` });
    const page = await openSignedIn(`#/ingests/${taskId}`);

    await expectText(page, path);
    // No source is a link, so a `javascript:` URL cannot be clicked.
    expect(await page.locator(".facts a").count()).toBe(0);
  });

  test("a room's name, of the signs that TRTC allows", async () => {
    const room = `<b>&${nextRoom("room")}`;
    await loop(room);
    const page = await openSignedIn();

    await expectText(page, room);
  });

  test("the reason of an end", async () => {
    const taskId = await loop(nextRoom());
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
    await app.database.query(
      "update ingest set end_reason = 'failed', failure_code = 'FailedOperation', failure_message = $1 where task_id = $2",
      [HOSTILE, taskId],
    );
    const page = await openSignedIn(`#/ingests/${taskId}`);

    await expectText(page, HOSTILE);
  });
});
