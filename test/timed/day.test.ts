/**
 * A day of an operator: 30 ingests of two callers, with programmes and schedules, while a process and
 * PostgreSQL are killed, a room is dismissed, a receiver is dead, and a timer is switched off. The
 * operator notices and answers each with commands of `trtc-ingest` alone.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { readTruth } from "../../local/emulator-truth.js";
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { isObject, type Json } from "../../shared/json.js";
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
import { daySteps, untilTimerRan } from "../support/day/steps.js";
import { type Day, keyOf, OPERATOR_KEY, SCHOOL, startDay, TV } from "../support/day/world.js";
import { cnSdk } from "../support/http/emulator-client.js";
import { type Operator, operatorWith, type Said, untilSaid } from "../support/operator.js";

const HOUR_MS = 60 * MINUTE_MS;

let day: Day;
let operator: Operator;
beforeAll(async () => {
  day = await startDay();
  const { folder, env, api } = day;
  operator = operatorWith({
    ...{ HOME: folder, XDG_CONFIG_HOME: "", DATA_DIR: join(folder, "api") },
    ...{ DATABASE_URL: env["DATABASE_URL"] ?? "", TRTC_APPS: env["TRTC_APPS"] ?? "" },
    ...{ TRTC_INGEST_URL: api.url, TRTC_INGEST_KEY: keyOf(SCHOOL) },
    TRTC_INGEST_OPERATOR_KEY: OPERATOR_KEY,
    TRTC_INGEST_CALLBACK_URL: `${api.url}/room-callback`,
  });
}, MINUTE_MS);
afterAll(() => day.close());

const checksOf = ({ rows: [health] }: Said): Json[] =>
  Array.isArray(health?.["checks"]) ? (health["checks"] as Json[]) : [];

const checkNamed = (said: Said, name: string, verdict: string): Json | undefined =>
  checksOf(said).find((row) => row["check"] === name && row["verdict"] === verdict);

const TIMER = "advance-ingests: last run";

const idIn = (rows: readonly Json[], room: string): string =>
  String(rows.find(({ RoomId }) => RoomId === room)?.["TaskId"]);

const troubleIn = (rows: readonly Json[], room: string): string =>
  (rows.find(({ RoomId }) => RoomId === room)?.["Trouble"] as string[] | undefined)?.join() ?? "";

const step = daySteps();

describe("the operator's day", () => {
  let firstStartMs = 0;
  /** Callers whose process was killed wait until another one takes their starts over. */
  let begun: Promise<unknown>;

  step("ingests of two callers start, and a process is killed meanwhile", async () => {
    await createSchedule(day, "lesson", inSeconds(70));
    const byHand = await createSchedule(day, "rehearsal", inSeconds(3 * 86_400));
    firstStartMs = clock.elapsedMs();
    await insist(day, [SCHOOL, talkIn(day, "talk")], 100);
    // Its source was there when the list was checked. Its turn comes after the first item.
    day.talk.die();
    begun = Promise.all(starts(day).map((asked, n) => insist(day, asked, n)));
    await clock.sleep(400);
    await day.killApi();

    const run = await operator(
      ...["schedules", "run", byHand, "--duration-seconds", "60", "--json"],
    );
    expect(run).toMatchObject({ code: 0 });
  });

  step("is it healthy? health names the dead receiver within a minute", async () => {
    const said = await untilSaid(
      () => operator("health", "--json"),
      (answer) => checkNamed(answer, "notifications", "fail") !== undefined,
      MINUTE_MS,
    );

    expect(clock.elapsedMs() - firstStartMs).toBeLessThan(MINUTE_MS);
    expect(said.code).toBe(1);
    expect(checkNamed(said, "notifications", "fail")?.["found"]).toMatch(
      new RegExp(`^the receiver of ${TV.Id} does not take them: \\d+ wait`),
    );
    // The other caller's receiver takes them.
    expect(day.receiver.taken().length).toBeGreaterThan(0);
  });

  step("what happened to an ingest? its history says that its room was dismissed", async () => {
    const { rows } = await operator("admin", "list", "--room", "class-4", "--json");
    await cnSdk(day.emulator, { region: "ap-guangzhou" })("DismissRoomByStrRoomId", {
      SdkAppId: CN_APP,
      RoomId: "class-4",
    });

    // TRTC reports the end, its cause and the source in any order. Each event has what changed.
    const stateAfter = (said: { rows: Record<string, unknown>[] }) =>
      Object.assign({}, ...said.rows.map(({ After }) => After)) as Record<string, unknown>;
    const history = await untilSaid(
      () => operator("admin", "timeline", idIn(rows, "class-4"), "--json"),
      (said) => {
        const { State, EndCause } = stateAfter(said);
        return State === "ended" && EndCause === "room-dismissed";
      },
      30 * SECOND_MS,
    );

    expect(stateAfter(history)["EndReason"]).toBe("stopped");
    const others = await operator("admin", "list", "--room", "class-2", "--json");
    expect(others.rows).toMatchObject([{ State: "running" }]);
  });

  step("do TRTC's callbacks arrive?", async () => {
    const check = await operator("callbacks", "check", "--json");
    const list = await untilSaid(
      () => operator("callbacks", "list", "--room-id", "class-2", "--room-id-type", "0", "--json"),
      ({ rows }) => rows.length > 0,
      30 * SECOND_MS,
    );

    expect(check).toMatchObject({ code: 0, rows: [{ ok: true }] });
    expect(list.rows[0]).toMatchObject({ Type: "media", After: { MediaState: "playing" } });
  });

  step("a timer is switched off, and callers go on", async () => {
    await untilTimerRan(day);
    const before = await operator("health", "--json");
    expect(checkNamed(before, TIMER, "pass")).toBeDefined();
    await day.switchTimer("off");
    const later = each(2, (n) => loop(day, `later-${n}`, { StartTime: inSeconds(20) }));
    await Promise.all(later.map((request, n) => insist(day, [SCHOOL, request], 200 + n)));
  });

  step("what runs now, of all callers? who started it? what will it cost?", async () => {
    await begun;
    const { code, rows } = await operator("admin", "list", "--json");
    const costs = await operator("admin", "cost", "--caller", TV.Id, "--json");
    const [studio] = (await operator("admin", "list", "--room", "studio", "--json")).rows;
    const history = await operator("admin", "timeline", String(studio?.["TaskId"]), "--json");

    expect(code).toBe(0);
    const callers = rows.map(({ Caller }) => Caller);
    expect(callers.filter((caller) => caller === TV.Id)).toHaveLength(9);
    // The short ones, the lesson and the rehearsal may have ended.
    expect(callers.filter((caller) => caller === SCHOOL.Id).length).toBeGreaterThanOrEqual(14);
    const { Ingests, Usd, UsdToDeadline } = costs.rows[0]?.["Total"] as Record<string, number>;
    expect(Ingests).toBe(9);
    expect(Usd).toBeGreaterThan(0);
    expect(UsdToDeadline).toBeGreaterThan(Usd ?? 0);
    expect(history.rows[0]).toMatchObject({
      Type: "created",
      Actor: { Kind: "caller", Id: TV.Id, Function: "start-ingest" },
    });
  });

  step("did the timers run? health names the one that is off within three intervals", async () => {
    const trouble = await untilSaid(
      () => operator("admin", "list", "--trouble", "--json"),
      ({ rows }) => troubleIn(rows, "later-1") !== "" && troubleIn(rows, "talk") !== "",
      2 * MINUTE_MS,
    );
    const said = await untilSaid(
      () => operator("health", "--json"),
      (answer) => checkNamed(answer, TIMER, "fail") !== undefined,
      MINUTE_MS,
    );

    // What is in trouble, and why?
    expect(troubleIn(trouble.rows, "later-1")).toMatch(
      /^its start is late by \d+ s: advance-ingests does not run$/,
    );
    expect(troubleIn(trouble.rows, "talk")).toMatch(/the filler plays since \d+/);
    const finding = String(checkNamed(said, TIMER, "fail")?.["found"]);
    const [, age, interval] = /^(\d+) s ago: it should run every (\d+) s$/.exec(finding) ?? [];
    // A look takes a second or two.
    expect(Number(age)).toBeLessThanOrEqual(3 * Number(interval) + 5);
  });

  step("once the timer is on again, health and trouble say so", async () => {
    await day.switchTimer("on");

    const healthy = await untilSaid(
      () => operator("health", "--json"),
      (answer) => checkNamed(answer, TIMER, "pass") !== undefined,
      MINUTE_MS,
    );
    const { rows } = await untilSaid(
      () => operator("admin", "list", "--trouble", "--json"),
      (said) => troubleIn(said.rows, "later-1") === "",
      MINUTE_MS,
    );

    expect(checkNamed(healthy, "deadlines", "pass")).toBeDefined();
    expect(rows.filter(({ Trouble }) => String(Trouble).includes("advance-ingests"))).toEqual([]);
  });

  step("while PostgreSQL is away health says it, and afterwards nothing is lost", async () => {
    const before = await operator("admin", "list", "--json");
    await day.postgres.crash();

    const away = await operator("health", "--json");
    const list = await operator("admin", "list", "--json");
    // The timers notice it at their next runs.
    await untilSaid(
      () => operator("logs", "--local", "--level", "error", "--since", "2m", "--json"),
      ({ rows }) => rows.some(({ outcome }) => outcome === "ServiceUnavailable"),
      30 * SECOND_MS,
    );
    await day.postgres.startAgain();
    const back = await untilSaid(
      () => operator("health", "--json"),
      (said) => checkNamed(said, "database", "pass") !== undefined,
      30 * SECOND_MS,
    );

    expect([away.code, list.code]).toEqual([1, 1]);
    expect(checkNamed(away, "database", "fail")).toBeDefined();
    expect(list.err).toContain("ECONNREFUSED");
    expect(checkNamed(back, TIMER, "fail")).toBeUndefined();
    const after = await operator("admin", "list", "--json");
    const ids = ({ rows }: Said) => rows.map(({ TaskId }) => TaskId);
    expect(ids(after)).toEqual(ids(before));
  });

  step("move all by an hour", async () => {
    // The windows of a schedule stay where its rules put them.
    await untilSaid(
      () => operator("admin", "list", "--json"),
      ({ rows }) => rows.every(({ ScheduleId }) => ScheduleId === null),
      MINUTE_MS,
    );
    const before = await operator("admin", "list", "--json");
    const dry = await operator("admin", "move", "--all", "+1h", "--json");
    const moved = await operator("admin", "move", "--all", "+1h", "--yes", "--json");
    const after = await operator("admin", "list", "--json");

    expect([dry.code, dry.err]).toEqual([0, expect.stringContaining("nothing was changed")]);
    expect(moved.rows.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(moved.code).toBe(0);
    const deadlines = ({ rows }: Said) =>
      new Map(rows.map(({ TaskId, Deadline }) => [TaskId, Date.parse(String(Deadline))]));
    const moves = deadlines(after);
    for (const [taskId, deadline] of deadlines(before)) {
      expect([taskId, moves.get(taskId)]).toEqual([taskId, deadline + HOUR_MS]);
    }
  });

  step("stop everything in a room; all of a caller; all", async () => {
    const room = await operator("admin", "stop", "--room", "class-1", "--yes", "--json");
    expect(room.rows).toMatchObject([{ RoomId: "class-1", Outcome: "stopped", ok: true }]);
    const caller = await operator("admin", "stop", "--caller", TV.Id, "--yes", "--json");
    expect(caller.code).toBe(0);
    expect(caller.rows).toHaveLength(9);
    expect(caller.rows.filter(({ Outcome }) => Outcome !== "stopped")).toEqual([]);
    const left = await operator("admin", "list", "--json");
    expect(left.rows.filter(({ Caller }) => Caller === TV.Id)).toEqual([]);
    expect(left.rows.length).toBeGreaterThan(5);
    expect(await operator("admin", "stop", "--all", "--yes", "--json")).toMatchObject({ code: 0 });

    expect((await operator("admin", "list", "--json")).rows).toEqual([]);
    const tasks = await readTruth(day.emulator.url).tasks();
    expect(tasks.filter(({ state }) => state !== "ended")).toEqual([]);
    expect(tasks.length).toBeGreaterThanOrEqual(30);
  });

  step("history accounts for every ingest, and the report for the day", async () => {
    const { rows } = await operator("admin", "list", "--state", "ended", "--json");
    expect(rows).toHaveLength(30);
    const events = await day.database.query(
      "select * from ingest_event order by task_id, sequence",
    );
    // A fresh task that takes over has a robot of its own, and history names both.
    const robots = new Set(
      events
        .flatMap(({ before, after }) => [before, after])
        .map((facts) => (facts as Json)["UserId"]),
    );
    const strangers = (await readTruth(day.emulator.url).tasks()).filter(
      ({ userId }) => !robots.has(userId),
    );
    expect(strangers.map(({ userId, roomId }) => [roomId, userId])).toEqual([]);
    for (const { TaskId, EndReason } of rows) {
      const own = events.filter(({ task_id }) => task_id === TaskId);
      expect(own[0]?.["type"]).toMatch(/^(created|scheduled)$/);
      expect(own.map(({ type }) => type)).toContain("ended");
      const reasons = own.map(({ after }) => (after as Json)["EndReason"]);
      expect([TaskId, reasons]).toEqual([TaskId, expect.arrayContaining([EndReason])]);
      expect(own.filter(({ actor }) => !isObject(actor))).toEqual([]);
    }
    const report = await operator("report", "--since", "1h", "--json");
    const { live: left, ends } = report.rows[0] as {
      live: { running: number; scheduled: number };
      ends: { count: number }[];
    };
    expect([left.running, left.scheduled]).toEqual([0, 0]);
    expect(ends.reduce((sum, { count }) => sum + count, 0)).toBe(30);
    const failed = await operator("admin", "list", "--state", "ended", "--trouble", "--json");
    // The lesson's window may fall into the time without the timer. Then its trouble says so.
    for (const { RoomId, Trouble } of failed.rows) {
      expect([RoomId, Trouble]).toEqual([
        "lesson",
        [expect.stringContaining("check that the timer of advance-ingests runs")],
      ]);
    }
  });
});
