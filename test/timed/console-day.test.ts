/**
 * The day of test/timed/day.test.ts, lived by clicks alone. Two operators look at the console, one in
 * English and one in Chinese: both find each answer, and they act in turns. A producer of each caller
 * starts an ingest, in the other language than the first.
 */
import { afterAll, beforeAll, expect } from "@jest/globals";
import type { Browser } from "playwright-core";
import { readTruth } from "../../local/emulator-truth.js";
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { describeInBrowser, startBrowser } from "../support/app/browser.js";
import { CN_APP } from "../support/app/test-app.js";
import {
  createSchedule,
  each,
  insist,
  inSeconds,
  loop,
  starts,
  talkIn,
} from "../support/day/ingests.js";
import { LOCALES, type Person, startPerson } from "../support/day/people.js";
import { daySteps, untilTimerRan } from "../support/day/steps.js";
import { type Day, keyOf, OPERATOR_KEY, SCHOOL, startDay, TV } from "../support/day/world.js";
import { cnSdk } from "../support/http/emulator-client.js";

const HOUR_MS = 60 * MINUTE_MS;

/** One of each caller, with the form. */
const BY_HAND = 2;
const INGESTS = 30 + BY_HAND;
const OF_TV = 9 + 1;

const TIMER = "advance-ingests: last run";

/** The longest that a person waits for what the console shows by itself. */
const patiently = { timeout: 90 * SECOND_MS };

describeInBrowser("the operators' day", () => {
  let day: Day;
  let browser: Browser;
  let operators: Person[];
  let english: Person;
  let chinese: Person;
  let firstStartMs = 0;
  let begun: Promise<unknown>;

  beforeAll(async () => {
    [day, browser] = await Promise.all([startDay(), startBrowser()]);
    operators = await Promise.all(
      LOCALES.map((locale) =>
        startPerson(browser, day.api.url, locale, { kind: "operator", key: OPERATOR_KEY }),
      ),
    );
    [english, chinese] = operators as [Person, Person];
  }, MINUTE_MS);
  afterAll(async () => {
    await browser.close();
    await day.close();
  });

  const step = daySteps();
  const both = (work: (operator: Person) => Promise<void>) => Promise.all(operators.map(work));

  const healthRow = ({ page, says }: Person, name: string, verdict: "pass" | "fail") =>
    page
      .locator(".health tbody tr")
      .filter({ has: page.locator(`th:text-is("${name}")`) })
      .filter({ has: page.locator(`.badge:text-is("${says(`health.${verdict}`)}")`) });

  const count = async (sql: string): Promise<number> =>
    Number((await day.database.query(`select count(*) as n from ingest where ${sql}`))[0]?.["n"]);

  step("callers' ingests start, and the console recovers from a killed process", async () => {
    await createSchedule(day, "lesson", inSeconds(70));
    await createSchedule(day, "rehearsal", inSeconds(3 * 86_400));
    firstStartMs = clock.elapsedMs();
    await insist(day, [SCHOOL, talkIn(day, "talk")], 100);
    day.talk.die();
    begun = Promise.all(starts(day).map((asked, n) => insist(day, asked, n)));
    await clock.sleep(400);
    await day.killApi();

    await both(async ({ page, row }) => {
      await row("class-1").waitFor(patiently);
      await page.locator(".status .problem").waitFor({ state: "hidden" });
    });
  });

  step("a producer of each caller starts an ingest with the form", async () => {
    const producers = [
      { caller: SCHOOL, locale: "zh-CN" },
      { caller: TV, locale: "en-GB" },
    ] as const;
    for (const { caller, locale } of producers) {
      const who = { kind: "caller", key: keyOf(caller) } as const;
      const { page, goTo, fact, says } = await startPerson(browser, day.api.url, locale, who);
      await goTo("start");
      await page.locator("#start-RoomId").fill(`by-hand-${caller.Id}`);
      await page.locator("#start-StreamUrl").fill(`${day.emulator.url}/media/clip.mp4`);
      await page.locator("#start-RepeatNum").selectOption("-1");
      await page.locator("#start-MaxDuration").fill("240");
      await page.locator("main button[type=submit]").click();
      await page.locator("main [role=status] a").click();
      await fact("fact.state")
        .filter({ hasText: says("state.running") })
        .waitFor();
      await page.context().close();
    }
  });

  step("is it healthy? health names the dead receiver within a minute", async () => {
    await both(async (operator) => {
      await operator.goTo("health");
      const finding = healthRow(operator, "notifications", "fail");
      await finding.waitFor(patiently);
      expect(await finding.textContent()).toContain(`the receiver of ${TV.Id} does not take them`);
    });

    expect(clock.elapsedMs() - firstStartMs).toBeLessThan(MINUTE_MS);
  });

  step("a timer is switched off, and callers go on", async () => {
    await untilTimerRan(day);
    await both(async (operator) => {
      await operator.goTo("health");
      await healthRow(operator, TIMER, "pass").waitFor(patiently);
    });
    await day.switchTimer("off");
    const later = each(2, (n) => loop(day, `later-${n}`, { StartTime: inSeconds(20) }));
    await Promise.all(later.map((request, n) => insist(day, [SCHOOL, request], 200 + n)));
  });

  step("what happened to an ingest? its page says that its room was dismissed", async () => {
    await cnSdk(day.emulator, { region: "ap-guangzhou" })("DismissRoomByStrRoomId", {
      SdkAppId: CN_APP,
      RoomId: "class-4",
    });

    await both(async ({ page, filter, open, fact, says }) => {
      await filter({ room: "class-4", state: "ended" });
      await open("class-4");
      await fact("fact.state")
        .filter({ hasText: says("reason.stopped") })
        .waitFor(patiently);
      expect(await fact("fact.reason").textContent()).toMatch(/dismissed/);
      const timeline = page.locator(".timeline li", { hasText: says("event.ended") });
      expect(await timeline.first().textContent()).toContain(says("actor.callback"));
    });
  });

  step("the school's producer pauses an ingest, and runs a schedule now", async () => {
    await begun;
    const who = { kind: "caller", key: keyOf(SCHOOL) } as const;
    const { page, says, ...producer } = await startPerson(browser, day.api.url, "zh-CN", who);
    await producer.open("evening-1");
    const button = (word: "action.pause" | "action.resume") =>
      page.locator(`main button:text-is("${says(word)}"):enabled`);
    await button("action.pause").click();
    await producer
      .fact("fact.state")
      .filter({ hasText: says("state.paused") })
      .waitFor();
    await button("action.resume").click();
    await producer
      .fact("fact.state")
      .filter({ hasText: says("state.running") })
      .waitFor();
    await producer.goTo("schedules");
    await page.locator(".schedules li", { hasText: "rehearsal" }).locator("button").click();
    await producer.confirm();
    await page.locator(".entry", { hasText: "rehearsal" }).locator("a").first().click();
    await page.locator(".facts").waitFor();
    await page.context().close();
  });

  step("what runs now? who started it? what has it cost, what will it?", async () => {
    const live = await count("state <> 'ended' and successor_of is null");
    await both(async ({ page, filter, row, open, fact, says }) => {
      await filter();
      await page.locator(".bulk summary", { hasText: `(${live})` }).waitFor();
      await filter({ caller: TV.Id });
      await page.locator(".bulk summary", { hasText: `(${OF_TV})` }).waitFor();
      expect(await page.locator(".ingests li").count()).toBe(OF_TV);
      expect(await row("news-1").locator(".caller").textContent()).toBe(TV.Id);
      await open("studio");
      const first = page.locator(".timeline > li").last();
      await first.filter({ hasText: says("event.created") }).waitFor();
      expect(await first.textContent()).toContain(`${says("actor.caller")} ${TV.Id}`);
      const cost = await fact("fact.cost").textContent();
      const [soFar = "", toDeadline = ""] = cost?.match(/\d+\.\d+/g) ?? [];
      expect(Number(soFar)).toBeGreaterThan(0);
      expect(Number(toDeadline)).toBeGreaterThan(Number(soFar));
    });
  });

  step("did the timers run? what is in trouble, and why?", async () => {
    await both(async (operator) => {
      await operator.goTo("health");
      const late = healthRow(operator, TIMER, "fail");
      await late.waitFor(patiently);
      const finding = (await late.locator("td").last().textContent()) ?? "";
      const [, age, interval] = /(\d+) s ago: it should run every (\d+) s/.exec(finding) ?? [];
      expect(Number(age)).toBeLessThanOrEqual(3 * Number(interval) + 15);
      await operator.filter({ isTroubled: true });
      const troubleOf = (room: string) => operator.row(room).locator(".trouble");
      await troubleOf("later-1").filter({ hasText: "advance-ingests does not run" }).waitFor();
      await troubleOf("talk").filter({ hasText: "the filler plays since" }).waitFor();
    });
  });

  step("once the timer is on again, health and trouble say so", async () => {
    await day.switchTimer("on");

    await both(async (operator) => {
      await operator.row("later-1").waitFor({ state: "detached", ...patiently });
      await operator.goTo("health");
      await healthRow(operator, TIMER, "pass").waitFor(patiently);
      await healthRow(operator, "deadlines", "pass").waitFor();
    });
  });

  step("while PostgreSQL is away the console says it, and then goes on by itself", async () => {
    await english.filter();
    await english.row("class-1").waitFor();
    await chinese.goTo("health");
    await day.postgres.crash();
    const problem = english.page.locator(".status .problem");
    const status = english.says("failure.unavailable", { status: 503 });
    await problem.filter({ hasText: status }).waitFor(patiently);
    expect(await english.row("class-1").count()).toBe(1);
    await healthRow(chinese, "database", "fail").waitFor(patiently);
    await day.postgres.startAgain();

    await problem.waitFor({ state: "hidden", ...patiently });
    await healthRow(chinese, "database", "pass").waitFor(patiently);
    await english.row("class-1").waitFor();
  });

  step("move all by an hour", async () => {
    // The windows of a schedule stay where its rules put them.
    const planned = "occurrence is not null and state <> 'ended'";
    const giveUpMs = clock.elapsedMs() + MINUTE_MS;
    while ((await count(planned)) > 0 && clock.elapsedMs() < giveUpMs) await clock.sleep(200);
    const deadlines = async () => {
      const rows = await day.database.query(
        "select room_id, task_id, deadline_at from ingest where state <> 'ended' and successor_of is null",
      );
      return new Map(
        rows.map(({ room_id, task_id, deadline_at }) => [
          `${String(room_id)} ${String(task_id)}`,
          Number(deadline_at),
        ]),
      );
    };
    const before = await deadlines();
    await chinese.filter();
    await chinese.openAll();
    await chinese.page.locator("#bulk-minutes").fill("60");
    await chinese.page.locator(".bulk button[type=submit]").click();
    await chinese.confirm();
    // A loop cannot outlive the cap that it was started with, and the form names none later.
    const n = before.size;
    const done = chinese.says("bulk.done", { done: n - BY_HAND, n });
    await chinese.page.locator(".announcement", { hasText: done }).waitFor(patiently);

    const refused = chinese.page.locator(".bulk [role=alert] p", { hasText: "by-hand-" });
    expect(await refused.count()).toBe(BY_HAND);
    const after = await deadlines();
    for (const [ingest, deadline] of before) {
      const byMs = ingest.startsWith("by-hand-") ? 0 : HOUR_MS;
      expect([ingest, after.get(ingest)]).toEqual([ingest, deadline + byMs]);
    }
  });

  step("stop everything in a room; all of a caller; all", async () => {
    const stopAll = async (operator: Person, asked: object, n: number) => {
      const { page, filter, openAll, confirm, says } = operator;
      await filter(asked);
      await page.locator(".bulk summary", { hasText: `(${n})` }).waitFor();
      await openAll();
      await page.locator(".bulk .danger").click();
      await confirm();
      const done = says("bulk.done", { done: n, n });
      await page.locator(".announcement", { hasText: done }).waitFor(patiently);
      await page.locator(".empty", { hasText: says("list.empty") }).waitFor(patiently);
    };
    await stopAll(chinese, { room: "class-1" }, 1);
    expect(await count("room_id = 'class-1' and state = 'ended'")).toBe(1);
    await stopAll(english, { caller: TV.Id }, OF_TV);
    expect(await count(`caller_id = '${TV.Id}' and state <> 'ended'`)).toBe(0);
    const left = await count("state <> 'ended'");
    expect(left).toBeGreaterThan(5);
    await stopAll(chinese, {}, left);

    await both(async ({ page, filter, says }) => {
      await filter();
      await page.locator(".empty", { hasText: says("list.empty") }).waitFor();
    });
    const tasks = await readTruth(day.emulator.url).tasks();
    expect(tasks.filter(({ state }) => state !== "ended")).toEqual([]);
  });

  step("history accounts for every ingest, and costs for the day", async () => {
    // What never played has cost nothing: the lesson's window, if it fell into the timer's absence.
    const played = await count("started_at is not null and successor_of is null");
    expect(played).toBeGreaterThanOrEqual(INGESTS - 1);
    await both(async ({ page, filter, goTo, says }) => {
      await filter({ state: "ended" });
      await page
        .locator(".ingests li")
        .nth(INGESTS - 1)
        .waitFor();
      expect(await page.locator(".ingests li").count()).toBe(INGESTS);
      await goTo("costs");
      const today = page.locator(".costs tbody tr").first();
      await today.waitFor();
      expect(await today.locator("td").last().textContent()).toBe(String(played));
      expect(await page.locator(".costs caption").textContent()).toBe(says("costs.caption"));
    });
  });
});
