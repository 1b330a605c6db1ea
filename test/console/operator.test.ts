/** The console with an operator's key: the ingests and schedules of all callers. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, refresh, signIn } from "../support/console/console.js";
import { copyIngest } from "../support/console/many-ingests.js";

const OPERATOR_KEY = "a-key-of-an-operator";
const OTHER_KEY = "a-key-of-another-caller";

let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  const callers = [
    { Id: "AKIDlocal", SecretKeys: [KEY], SdkAppIds: [CN_APP] },
    { Id: "school", SecretKeys: [OTHER_KEY], SdkAppIds: [CN_APP] },
  ];
  const OPERATOR_KEYS = JSON.stringify([{ Name: "anna", SecretKeys: [OPERATOR_KEY] }]);
  app = await startTestApp({ env: { CALLERS: JSON.stringify(callers), OPERATOR_KEYS } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.close();
});

async function loop(key: string, fields = {}): Promise<{ room: string; taskId: string }> {
  const room = nextRoom();
  const body = { SdkAppId: CN_APP, RoomId: room, RoomIdType: 0, StreamUrl: app.clip };
  const headers = { authorization: `Bearer ${key}` };
  const asked = { ...body, RepeatNum: 1000, MaxDuration: 30, ...fields };
  const { response } = await app.post("start-ingest", asked, headers);
  return { room, taskId: String(response["TaskId"]) };
}

async function openSignedIn(): Promise<Page> {
  const { page } = await openConsole(browser, app.url);
  await signIn(page, "operator", OPERATOR_KEY);
  return page;
}

const row = (page: Page, room: string) => page.locator(".ingests li", { hasText: room });

describeInBrowser("an operator", () => {
  test("sees the ingests of all callers, and filters by one of them", async () => {
    const [own, other] = [await loop(KEY), await loop(OTHER_KEY)];
    const page = await openSignedIn();
    await row(page, own.room).waitFor();
    expect(await row(page, other.room).locator(".caller").textContent()).toBe("school");
    await page.locator("#filter-caller").fill("AKIDlocal");
    await page.locator("#filter-caller").press("Enter");
    await row(page, other.room).waitFor({ state: "detached" });

    expect(await row(page, own.room).count()).toBe(1);
  });

  test("extends and stops one, and its timeline names the operator", async () => {
    const { room, taskId } = await loop(OTHER_KEY);
    const page = await openSignedIn();
    await row(page, room).locator("a").click();
    await page.locator("main button:enabled", { hasText: "+15 min" }).click();
    await page.locator(".announcement", { hasText: "15 minutes" }).waitFor();
    await page.locator("main .danger:enabled").click();
    await page.locator("dialog .danger").click();
    await page.locator(".timeline li", { hasText: "operator anna" }).first().waitFor();
    await page.locator(".facts", { hasText: /Stopp(ing|ed)/ }).waitFor();
    const headers = { authorization: `Bearer ${OTHER_KEY}` };
    const asked = { SdkAppId: CN_APP, TaskId: taskId };
    const { response } = await app.post("describe-ingest", asked, headers);

    // Without timers a stop that TRTC has not carried out yet stays written.
    expect(["stopping", "ended"]).toContain(response["State"]);
    expect(await page.locator("main button", { hasText: "Pause" }).count()).toBe(0);
  });

  test("extends a scheduled one, and its start stays", async () => {
    const StartTime = new Date(Date.now() + 3_600_000).toISOString();
    const { taskId } = await loop(OTHER_KEY, { StartTime });
    const before = await app.services.store.ingests.read(taskId);
    const page = await openSignedIn();
    await page.evaluate(`location.hash = "#/ingests/${taskId}"`);
    await page.locator("main button:enabled", { hasText: "+15 min" }).click();
    await page.locator(".announcement", { hasText: "15 minutes" }).waitFor();
    const { startsAt, deadlineAt } = (await app.services.store.ingests.read(taskId)) ?? {};

    expect(startsAt?.toISOString()).toBe(StartTime);
    expect(Number(deadlineAt) - Number(before?.deadlineAt)).toBe(900_000);
  });

  test("stops all that the filter selects after it has asked, and nothing else", async () => {
    const [one, two, other] = [await loop(KEY), await loop(OTHER_KEY), await loop(OTHER_KEY)];
    await app.database.query("update ingest set room_id = $1 where task_id = $2", [
      one.room,
      two.taskId,
    ]);
    const page = await openSignedIn();
    await page.locator("#filter-room").fill(one.room);
    await page.locator("#filter-room").press("Enter");
    await page.locator(".bulk summary", { hasText: "(2)" }).click();
    await page.locator(".bulk .danger").click();
    const question = page.locator("dialog", { hasText: "Stop 2 ingests?" });
    await question.waitFor();
    expect(await question.textContent()).toMatch(/AKIDlocal.*school|school.*AKIDlocal/);
    await page.keyboard.press("Escape");
    await page.locator(".bulk .danger").click();
    await page.locator("dialog .danger").click();
    await page.locator(".announcement", { hasText: "Done for 2 of 2." }).waitFor();
    const states = await app.database.query(
      "select stop_asked_at is not null or state = 'ended' as stopped from ingest where task_id = any($1) order by array_position($1::text[], task_id)",
      [[one.taskId, two.taskId, other.taskId]],
    );

    expect(states.map(({ stopped }) => stopped)).toEqual([true, true, false]);
  });

  test("moves all of a caller by an hour, and names each that did not move", async () => {
    const movable = await loop(OTHER_KEY);
    // TRTC ends a loop at the cap that it was started with.
    const capped = await loop(OTHER_KEY, { RepeatNum: -1 });
    const deadlineOf = async () => {
      const headers = { authorization: `Bearer ${OTHER_KEY}` };
      const asked = { SdkAppId: CN_APP, TaskId: movable.taskId };
      const { response } = await app.post("describe-ingest", asked, headers);
      return Date.parse(String(response["Deadline"]));
    };
    const before = await deadlineOf();
    const page = await openSignedIn();
    await page.locator("#filter-caller").fill("school");
    await page.locator("#filter-caller").press("Enter");
    await page.locator(".bulk summary").click();
    await page.locator("#bulk-minutes").fill("0");
    await page.locator(".bulk button[type=submit]").click();
    await page.locator("#bulk-minutes-error", { hasText: "other than 0" }).waitFor();
    await page.locator("#bulk-minutes").fill("60");
    await page.locator(".bulk button[type=submit]").click();
    await page.locator("dialog .danger").click();
    await page.locator(".bulk [role=alert]", { hasText: `Room ${capped.room}:` }).waitFor();

    expect((await deadlineOf()) - before).toBe(3_600_000);
  });

  test("sees what was done before an answer was lost, and what held up the rest", async () => {
    const { room, taskId } = await loop(KEY);
    await copyIngest(app.database, taskId, { count: 29, from: 1001 });
    const page = await openSignedIn();
    await page.locator("#filter-room").fill(room);
    await page.locator("#filter-room").press("Enter");
    await page.locator(".bulk summary", { hasText: "(30)" }).click();
    expect(await page.locator(".counts").textContent()).toBe(
      "30 live, 0 of them with trouble. 30 shown.",
    );
    let moves = 0;
    await page.route("**/console/operator", (route) => {
      if (route.request().headers()["x-tc-action"] !== "MoveIngests") return route.fallback();
      moves += 1;
      return moves === 2 ? route.abort() : route.fallback();
    });
    await page.locator(".bulk button[type=submit]").click();
    await page.locator("dialog .danger").click();
    await page.locator(".bulk [role=alert]", { hasText: "No answer" }).waitFor();

    expect(await page.locator(".announcement").textContent()).toBe("Done for 25 of 30.");
  });

  test("500 live ingests are one request, and an unchanged refresh touches no row", async () => {
    const { taskId } = await loop(KEY);
    await copyIngest(app.database, taskId, { count: 500 });
    const page = await openSignedIn();
    await page.locator(".ingests li").nth(499).waitFor({ state: "attached" });
    await page.evaluate(`window.changes = 0;
      new MutationObserver((records) => (window.changes += records.flatMap(({ addedNodes }) => [...addedNodes])
        .filter((node) => node.nodeName === "LI").length))
        .observe(document.querySelector(".ingests"), { subtree: true, childList: true })`);
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await refresh(page);

    expect(requests).toEqual([`${app.url}/console/operator`]);
    expect(await page.evaluate("window.changes")).toBe(0);
  });

  test("sees what the ended ingests of all callers have cost", async () => {
    const { taskId } = await loop(OTHER_KEY);
    const headers = { authorization: `Bearer ${OTHER_KEY}` };
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId }, headers);
    const page = await openSignedIn();
    await goTo(page, "costs");
    const today = page.locator(".costs tbody tr").first();
    await today.waitFor();

    expect(await today.locator("th").textContent()).toBe(new Date().toISOString().slice(0, 10));
    expect(await page.locator("svg").getAttribute("aria-label")).toMatch(/Costs of 30 days/);
  });

  test("sees the week of all callers, with whose each is, a change of clocks and a conflict", async () => {
    const create = async (key: string, fields: object) => {
      const Ingest = { SdkAppId: CN_APP, RoomId: "studio", RoomIdType: 0, StreamUrl: app.clip };
      const body = { TimeZone: "Europe/Berlin", Ingest, ...fields };
      const headers = { authorization: `Bearer ${key}`, "x-tc-action": "CreateIngestSchedule" };
      const { response } = await app.post("schedules", body, headers);
      expect(response.Error).toBeUndefined();
    };
    const daily = (Recurrence: string) => [{ Recurrence, DurationSeconds: 3600 }];
    await create(KEY, { Name: "Night owl", Windows: daily("30 2 * * *") });
    await create(OTHER_KEY, { Name: "Night school", Windows: daily("30 2 * * *") });
    await create(OTHER_KEY, { Name: "Night lesson", Windows: daily("0 3 * * *") });
    const { page } = await openConsole(browser, app.url, { timezoneId: "UTC" });
    // On 28 March 2027 the clocks of Berlin go from 2:00 to 3:00.
    await page.clock.setSystemTime(new Date("2027-03-22T00:00:00Z"));
    await signIn(page, "operator", OPERATOR_KEY);
    await goTo(page, "schedules");
    const entries = (name: string) => page.locator(".entry", { hasText: name });
    await entries("Night school").first().waitFor();
    const conflict = page.locator(".conflicts li", { hasText: "Night lesson" });

    expect(await entries("Night owl").count()).toBe(7);
    expect(await entries("Night owl").first().textContent()).toContain("AKIDlocal");
    expect(await entries("Night school").first().textContent()).toContain("school");
    const sunday = page.locator(".week > li").nth(6).locator(".entry", { hasText: "Night owl" });
    expect(await sunday.locator(".note").textContent()).toMatch(/^Clocks change/);
    expect(await conflict.textContent()).toContain("Night school");
    expect(await page.locator(".week button").count()).toBe(0);
  });

  test("sees the schedules of all callers", async () => {
    const Ingest = { SdkAppId: CN_APP, RoomId: "hall", RoomIdType: 0, StreamUrl: app.clip };
    const Windows = [{ Recurrence: "0 12 * * *", DurationSeconds: 600 }];
    const headers = {
      authorization: `Bearer ${OTHER_KEY}`,
      "x-tc-action": "CreateIngestSchedule",
    };
    await app.post("schedules", { Name: "Noon", TimeZone: "UTC", Windows, Ingest }, headers);
    const page = await openSignedIn();
    await goTo(page, "schedules");
    const noon = page.locator(".schedules li", { hasText: "Noon" });
    await noon.waitFor();

    expect(await noon.textContent()).toContain("school");
    expect(await noon.locator("button").count()).toBe(0);
  });
});
