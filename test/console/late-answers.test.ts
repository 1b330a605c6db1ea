/** The console when answers are late or lost, and when others change the same ingests meanwhile. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Browser, Page, Route } from "playwright-core";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { goTo, openConsole, refresh, settle, signIn } from "../support/console/console.js";

const OTHER_KEY = "a-key-of-another-caller";

let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  const callers = [
    { Id: "AKIDlocal", SecretKeys: [KEY], SdkAppIds: [CN_APP] },
    { Id: "school", SecretKeys: [OTHER_KEY], SdkAppIds: [CN_APP] },
  ];
  app = await startTestApp({ env: { CALLERS: JSON.stringify(callers) } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.close();
});

async function start(room: string, key = KEY): Promise<string> {
  // The clip is over after seconds, and a busy machine takes longer. A loop's deadline has a cap.
  const media = { StreamUrl: app.clip, RepeatNum: 1000 };
  const body = { SdkAppId: CN_APP, RoomId: room, RoomIdType: 0, ...media };
  const headers = { authorization: `Bearer ${key}` };
  const { response } = await app.post("start-ingest", { ...body, MaxDuration: 30 }, headers);
  return String(response["TaskId"]);
}

const rowOf = (taskId: string) => app.services.store.ingests.read(taskId);

const row = (page: Page, room: string) => page.locator(".ingests li", { hasText: room });
const fact = (page: Page, name: string) => page.locator(`.facts dt:text-is("${name}") + dd`);

async function openSignedIn(hash = "", key = KEY): Promise<Page> {
  const { page } = await openConsole(browser, app.url);
  await signIn(page, "caller", key);
  if (hash !== "") await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  return page;
}

const actionOf = (route: Route): string => route.request().headers()["x-tc-action"] ?? "";

interface Held {
  /** Resolves when the request has come. */
  came: Promise<void>;
  release: (answer: (route: Route) => Promise<void>) => Promise<void>;
}

/** Keeps the next request of this action away from the server, until the test lets it go. */
async function hold(page: Page, action: string): Promise<Held> {
  let keep: (route: Route) => void = () => undefined;
  const held = new Promise<Route>((resolve) => (keep = resolve));
  let isHeld = false;
  await page.route("**/console/*", (route) => {
    if (isHeld || actionOf(route) !== action) return route.fallback();
    isHeld = true;
    keep(route);
    return undefined;
  });
  return {
    came: held.then(() => undefined),
    release: async (answer) => answer(await held),
  };
}

const refuseKey = (route: Route) =>
  route.fulfill({
    status: 401,
    json: { Response: { Error: { Code: "AuthFailure", Message: "" }, RequestId: "" } },
  });

describeInBrowser("a start whose answer is lost", () => {
  async function fillForm(page: Page, room: string): Promise<void> {
    await page.locator("#start-SdkAppId").fill(String(CN_APP));
    await page.locator("#start-RoomId").fill(room);
    await page.locator("#start-StreamUrl").fill(app.clip);
  }
  const press = (page: Page) => page.locator("main button[type=submit]").click();
  const robotsIn = async (room: string) =>
    (await app.truth.tasks()).filter(({ roomId }) => roomId === room).length;

  test("is one robot, also after another language, another page and a second press", async () => {
    const room = nextRoom("lost");
    const page = await openSignedIn("#/start");
    await fillForm(page, room);
    let isFirst = true;
    await page.route("**/console/api", async (route) => {
      if (!isFirst || actionOf(route) !== "StartStreamIngest") return route.fallback();
      isFirst = false;
      await route.fetch();
      return route.abort();
    });
    await press(page);
    await page.locator("main [role=alert]", { hasText: "it stays one ingest" }).waitFor();
    await page.locator("#language").selectOption("zh");
    await page.locator("#language").selectOption("en");
    await goTo(page, "ingests");
    await goTo(page, "start");
    await press(page);
    await page.locator("main [role=status] a").click();
    await page.locator("h1", { hasText: room }).waitFor();

    expect(await robotsIn(room)).toBe(1);
  });

  test("is one robot when the form is drawn anew and sent again before the answer", async () => {
    const room = nextRoom("slow");
    const page = await openSignedIn("#/start");
    await fillForm(page, room);
    const first = await hold(page, "StartStreamIngest");
    await press(page);
    await first.came;
    await page.locator("#language").selectOption("zh");
    await press(page);
    await page.locator("main [role=status] a").waitFor();
    await first.release((route) => route.continue());
    await page.locator(".announcement", { hasText: /\p{Script=Han}/u }).waitFor();

    expect(await robotsIn(room)).toBe(1);
  });

  test("says when its ingest is over by the time of the second press, and then starts another", async () => {
    const room = nextRoom("over");
    const page = await openSignedIn("#/start");
    await fillForm(page, room);
    let lost: (() => void) | undefined;
    const isLost = new Promise<void>((resolve) => (lost = resolve));
    await page.route("**/console/api", async (route) => {
      if (lost === undefined || actionOf(route) !== "StartStreamIngest") return route.fallback();
      await route.fetch();
      lost();
      lost = undefined;
      return route.abort();
    });
    await press(page);
    await isLost;
    await page.locator("main [role=alert]", { hasText: "it stays one ingest" }).waitFor();
    const listed = await app.post("list-ingests", { RoomId: room });
    const [{ TaskId }] = listed.response["Ingests"] as [{ TaskId: string }];
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId });
    await press(page);
    await page.locator("main [role=status]", { hasText: "is over" }).waitFor();
    expect(await robotsIn(room)).toBe(1);
    await press(page);
    await page.locator("main [role=status]", { hasText: "It is accepted." }).waitFor();

    expect(await robotsIn(room)).toBe(2);
  });

  test("after an answer the same form is another start", async () => {
    const room = nextRoom("twice");
    const page = await openSignedIn("#/start");
    await fillForm(page, room);
    await press(page);
    await page.locator("main [role=status] a").waitFor();
    const first = await page.locator("main [role=status] a").getAttribute("href");
    await press(page);
    await page.locator(`main [role=status] a:not([href="${first}"])`).waitFor();

    expect(await robotsIn(room)).toBe(2);
  });
});

describeInBrowser("+15 min", () => {
  test("counts from the newest deadline, which another person has moved meanwhile", async () => {
    const taskId = await start(nextRoom());
    const page = await openSignedIn(`#/ingests/${taskId}`);
    // The next refresh comes five seconds later: the page still shows the old deadline.
    await page.locator("main button:enabled", { hasText: "+15 min" }).waitFor();
    const { deadlineAt } = (await rowOf(taskId)) ?? {};
    const StopTime = new Date(Number(deadlineAt) + 3_600_000).toISOString();
    const moved = await app.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, StopTime });
    expect(moved.response.Error).toBeUndefined();
    await page.locator("main button", { hasText: "+15 min" }).click();
    await page.locator(".announcement", { hasText: "15 minutes" }).waitFor();

    expect((await rowOf(taskId))?.deadlineAt).toEqual(new Date(Date.parse(StopTime) + 900_000));
  });
});

describeInBrowser("an ingest's page", () => {
  test("shows what the list knew, while TRTC and the timeline have not answered", async () => {
    const room = nextRoom("known");
    await start(room);
    const page = await openSignedIn();
    await row(page, room).waitFor();
    const held = await Promise.all(
      ["DescribeStreamIngest", "DescribeIngestTimeline"].map((action) => hold(page, action)),
    );
    await row(page, room).locator("a").click();
    await Promise.all(held.map(({ came }) => came));

    await page.locator("h1", { hasText: room }).waitFor();
    expect(await fact(page, "State").textContent()).toBe("On air");
    expect(await page.locator("main .danger").isEnabled()).toBe(true);
  });

  test.each([
    ["facts", "DescribeIngestTimeline", ".facts dd"],
    ["timeline", "DescribeStreamIngest", ".timeline li"],
  ])(
    "shows its %s before the rest is answered",
    async (_, late, shown) => {
      const taskId = await start(nextRoom());
      const { page } = await openConsole(browser, app.url);
      const held = await hold(page, late);
      await signIn(page, "caller", KEY);
      await page.evaluate(`location.hash = "#/ingests/${taskId}"`);
      // The page itself gives a request up after 20 s.
      await page.locator(shown).first().waitFor({ timeout: 10_000 });
      await held.came;

      await held.release((route) => route.continue());
      await page.locator(".age", { hasText: "Updated" }).waitFor();
    },
    60_000,
  );

  test("asks TRTC when it opens and on a click, and else the database alone", async () => {
    const room = nextRoom();
    const taskId = await start(room);
    const { page } = await openConsole(browser, app.url);
    await page.clock.install();
    await signIn(page, "caller", KEY);
    await page.evaluate(`location.hash = "#/ingests/${taskId}"`);
    await page.locator(".age", { hasText: "Updated" }).waitFor();
    const calls = () => app.trtc.calls("DescribeStreamIngest");
    const opened = calls();
    for (let round = 0; round < 3; round += 1) {
      const answered = page.waitForResponse(
        (response) => response.request().headers()["x-tc-action"] === "ListStreamIngests",
      );
      await page.clock.runFor(5_000);
      await answered;
    }
    expect(calls()).toBe(opened);
    const asked = page.waitForResponse(
      (response) => response.request().headers()["x-tc-action"] === "DescribeStreamIngest",
    );
    await page.locator(".status button").click();
    await asked;

    expect(calls()).toBe(opened + 1);
    // What the database alone knows is shown all the same.
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
    await page.clock.resume();
    await fact(page, "State").filter({ hasText: "Stopped" }).waitFor();
  });
});

describeInBrowser("Show more", () => {
  /** Running rows as the first one, in their own room. */
  async function copies(taskId: string, from: number, count: number, room: string): Promise<void> {
    const { query } = app.database;
    const columns = await query(
      "select column_name as name from information_schema.columns where table_name = 'ingest' and is_generated = 'NEVER'",
    );
    const own = ["task_id", "robot_user_id", "trtc_task_id", "request_key", "room_id"];
    const names = columns.map(({ name }) => String(name)).filter((name) => !own.includes(name));
    await query(
      `insert into ingest (task_id, robot_user_id, trtc_task_id, room_id, ${names.join(", ")})
       select 'ing-' || lpad(n::text, 26, '0'), 'robot_' || n, 'task-' || n, $4, ${names.join(", ")}
       from ingest, generate_series($2::int, $2::int + $3::int - 1) n where task_id = $1`,
      [taskId, from, count, room],
    );
  }
  test("loses no row and mixes none, when refreshes and other ingests come between", async () => {
    const room = nextRoom("many");
    const taskId = await start(room, OTHER_KEY);
    await copies(taskId, 1000, 149, room);
    const page = await openSignedIn("", OTHER_KEY);
    const items = page.locator(".ingests li");
    await items.nth(99).waitFor({ state: "attached" });
    await page.locator("main button", { hasText: "Show more" }).click();
    await items.nth(149).waitFor({ state: "attached" });
    // Ten new ones push ten rows from the first page to the second.
    await copies(taskId, 2000, 10, room);
    await refresh(page);
    await items.nth(159).waitFor({ state: "attached" });
    const links = await page.evaluate<string[]>(
      "[...document.querySelectorAll('.ingests li a')].map(({ hash }) => hash)",
    );

    expect(new Set(links).size).toBe(160);
    // What has ended on a later page goes as well.
    await app.database.query(
      "update ingest set state = 'ended', end_reason = 'stopped', ended_at = now() where task_id = $1",
      [`ing-${"1000".padStart(26, "0")}`],
    );
    await refresh(page);
    await items.nth(159).waitFor({ state: "detached" });
    expect(await items.count()).toBe(159);
  });

  test("a page that comes after a change of the filter is dropped", async () => {
    const [room, other] = [nextRoom("filtered"), nextRoom("other")];
    const taskId = await start(room);
    await copies(taskId, 3000, 120, other);
    const page = await openSignedIn();
    const items = page.locator(".ingests li");
    await items.nth(99).waitFor({ state: "attached" });
    const late = await hold(page, "ListStreamIngests");
    await page.locator("main button", { hasText: "Show more" }).click();
    await late.came;
    await page.locator("#filter-room").fill(room);
    await page.locator("#filter-room").press("Enter");
    await late.release((route) => route.continue());
    await items.nth(1).waitFor({ state: "detached" });

    expect(await items.allTextContents()).toEqual([expect.stringContaining(room)]);
  });
});

describeInBrowser("an answer of a session that is over", () => {
  test("a sign-in that was given up does not replace the next one", async () => {
    const { page } = await openConsole(browser, app.url);
    const first = await hold(page, "ListIngests");
    await page.locator("#kind-operator").check();
    await page.locator("#key").fill(KEY);
    await page.locator("main button[type=submit]").click();
    await first.came;
    await page.locator("#language").selectOption("zh");
    await page.locator("#language").selectOption("en");
    await signIn(page, "caller", KEY);
    const answered = page.waitForResponse(/operator$/);
    await first.release((route) => route.continue());
    await answered;
    await settle(page);

    expect(await page.locator(".switches .quiet").textContent()).toBe("Caller");
  });

  test("a refused key of the last person does not sign the next one out", async () => {
    const page = await openSignedIn("#/start");
    const late = await hold(page, "StartStreamIngest");
    await page.locator("main button[type=submit]").click();
    await late.came;
    await page.locator("#sign-out").click();
    await signIn(page, "operator", KEY);
    await late.release(refuseKey);
    await settle(page);

    expect(await page.locator(".switches .quiet").textContent()).toBe("Operator");
    expect(await page.locator(".announcement").textContent()).toBe("");
  });

  test("a start of the last person is not told to the next one", async () => {
    const page = await openSignedIn("#/start");
    const late = await hold(page, "StartStreamIngest");
    await page.locator("#start-RoomId").fill(nextRoom());
    await page.locator("#start-StreamUrl").fill(app.clip);
    await page.locator("#start-SdkAppId").fill(String(CN_APP));
    await page.locator("main button[type=submit]").click();
    await late.came;
    await page.locator("#sign-out").click();
    await signIn(page, "caller", OTHER_KEY);
    const answered = page.waitForResponse(
      (response) => response.request().headers()["x-tc-action"] === "StartStreamIngest",
    );
    await late.release((route) => route.continue());
    await answered;
    await settle(page);

    expect(await page.locator(".announcement").textContent()).toBe("");
  });

  test("a question goes with its page, and nothing is done", async () => {
    const taskId = await start(nextRoom());
    const page = await openSignedIn(`#/ingests/${taskId}`);
    await page.locator("main .danger:enabled").click();
    await page.locator("dialog").waitFor();
    await page.evaluate(`location.hash = "#/costs"`);
    await page.locator("dialog").waitFor({ state: "detached" });

    expect((await rowOf(taskId))?.state).toBe("running");
  });
});

describeInBrowser("a failure after its page has gone", () => {
  test("is told where the person is now", async () => {
    const taskId = await start(nextRoom());
    const page = await openSignedIn(`#/ingests/${taskId}`);
    const late = await hold(page, "StopStreamIngest");
    await page.locator("main .danger:enabled").click();
    await page.locator("dialog .danger").click();
    await late.came;
    await goTo(page, "costs");
    await late.release((route) => route.abort());

    await page.locator(".announcement", { hasText: "No answer" }).waitFor();
  });
});
