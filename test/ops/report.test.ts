/**
 * `npm run report`: how ingests ended and how late their stops were, on both engines and as a
 * command.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import type { EndReason } from "../../shared/store/ingests/ingest-row.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { microUsd } from "../../shared/ingest/cost.js";
import { readReport, type ReportFilter } from "../../shared/store/report.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { ENGINES, newPostgresUrl } from "../support/database/databases.js";
import { newIngest, runningIngest, T0, type Wanted } from "../support/app/ingests.js";
import { runCli } from "../support/cli.js";

const DAY_MS = 24 * 60 * MINUTE_MS;
const NOW = addMs(T0, 60 * MINUTE_MS);

interface Late {
  askedMs: number;
  overMs: number;
}

/** Started at T0 and due ten minutes later. */
async function ended(
  store: Store,
  reason: EndReason,
  { askedMs, overMs, ...fields }: Late & Partial<Wanted>,
): Promise<void> {
  const { taskId, deadlineAt, fence } = await runningIngest(store, fields);
  const asked = { taskId, at: addMs(deadlineAt, askedMs), leaseMs: 1000, waitMaxMs: DAY_MS };
  const stop =
    reason === "stopped"
      ? store.ingests.beginStop(asked)
      : store.ingests.beginDueStop({ ...asked, fence });
  const begun = await stop;
  const at = addMs(deadlineAt, overMs);
  await store.ingests.markEnded({ taskId, fence: begun?.ingest.fence ?? -1, reason, at });
}

async function refused(store: Store, fields: Partial<Wanted> = {}): Promise<void> {
  const row = newIngest(fields);
  await store.ingests.beginStart(row);
  const why = { code: "InvalidParameter", message: "", retry: false, at: row.createdAt };
  await store.ingests.markFailed({ taskId: row.taskId, fence: 0, ...why });
}

const EMPTY = {
  starts: { started: 0, failed: 0, settled: 0 },
  live: {
    running: 0,
    scheduled: 0,
    overdue: 0,
    overdueMaxMs: null,
    unsettled: 0,
    oldestUnfinishedAt: null,
    usd: 0,
    usdToDeadline: 0,
  },
  ends: [],
};

describe.each(ENGINES)("the report on %s", (_, open) => {
  let database: Database;
  let store: Store;
  const read = (filter: Partial<ReportFilter> = {}) =>
    readReport(database.query, { since: T0, now: NOW, ...filter });

  beforeAll(async () => {
    database = await open();
    const clock = { now: () => T0, elapsedMs: () => T0.getTime() };
    store = createStore(database, { clock, isDatabaseOnClock: true });
  });
  afterAll(() => database.close());

  test("of an empty database is zeros", async () => {
    expect(await read()).toEqual(EMPTY);
  });

  describe("of a day", () => {
    beforeAll(async () => {
      for (let n = 1; n <= 100; n += 1) {
        await ended(store, "expired", { askedMs: n, overMs: n === 100 ? 1001 : 10 * n });
      }
      await ended(store, "stopped", { askedMs: -5 * MINUTE_MS, overMs: -5 * MINUTE_MS + 200 });
      await ended(store, "finished", { askedMs: 3, overMs: 50 });
      await ended(store, "expired", {
        askedMs: 7,
        overMs: 8,
        callerId: "other",
        sdkAppId: 1400000000,
      });
      await refused(store);
      await runningIngest(store, { deadlineAt: addMs(NOW, 1), latestAt: addMs(NOW, DAY_MS) });
      await runningIngest(store, { deadlineAt: addMs(NOW, -1500), callerId: "other" });
      // One in progress, one that no run handles, and one that was a late start for a while.
      await store.ingests.beginStart(newIngest({ leaseMs: 2 * 60 * MINUTE_MS }));
      await store.ingests.beginStart(newIngest({ createdAt: addMs(T0, 1000), callerId: "other" }));
      const startsAt = addMs(NOW, DAY_MS);
      const schedule = { startsAt, startBy: startsAt, asked: {}, heldUntil: null };
      await store.ingests.beginStart(newIngest({ schedule }));
      const { taskId } = await runningIngest(store, { deadlineAt: addMs(NOW, 1) });
      await database.query("update ingest set settled_at = $2 where task_id = $1", [taskId, T0]);
    });

    test("counts starts by their outcome", async () => {
      expect((await read()).starts).toEqual({ started: 106, failed: 1, settled: 1 });
    });

    test("shows running, scheduled and overdue ingests, and the oldest unfinished start", async () => {
      expect((await read()).live).toEqual({
        running: 3,
        scheduled: 1,
        overdue: 1,
        overdueMaxMs: 1500,
        unsettled: 1,
        oldestUnfinishedAt: addMs(T0, 1000),
        // Three have run for an hour, and two of these have 1 ms left.
        usd: 2.6964,
        usdToDeadline: 2.696402,
      });
    });

    test("sums the cost of each end reason, by the prices and the media of each row", async () => {
      const { ends } = await read({ callerId: "caller" });
      const usd = Object.fromEntries(ends.map((end) => [end.reason, end.usd]));
      expect(usd["failed"]).toBe(0);
      expect(usd["stopped"]).toBe(microUsd(5 * MINUTE_MS + 200, 14_980) / 1e6);
      expect(usd["finished"]).toBe(microUsd(10 * MINUTE_MS + 50, 14_980) / 1e6);
      const overMs = Array.from({ length: 100 }, (__, n) => (n === 99 ? 1001 : 10 * (n + 1)));
      const each = overMs.map((ms) => microUsd(10 * MINUTE_MS + ms, 14_980));
      expect(usd["expired"]).toBe(each.reduce((sum, micro) => sum + micro, 0) / 1e6);
    });

    test("shows the count, the lateness and the played minutes of each end reason", async () => {
      const { ends } = await read({ callerId: "caller" });
      expect(ends.map(({ reason, count }) => [reason, count])).toEqual([
        ["expired", 100],
        ["failed", 1],
        ["finished", 1],
        ["stopped", 1],
      ]);
      const [expired, failed, finished, stopped] = ends;
      expect(expired).toMatchObject({
        onTime: 99,
        asked: { p50Ms: 50, p99Ms: 99, maxMs: 100 },
        answered: { p50Ms: 500, p99Ms: 990, maxMs: 1001 },
      });
      expect(failed).toEqual({
        reason: "failed",
        count: 1,
        minutes: 0,
        usd: 0,
        onTime: null,
        asked: null,
        answered: null,
      });
      expect(finished).toMatchObject({ onTime: null, asked: null, answered: null });
      expect(finished?.minutes).toBeCloseTo(10 + 50 / MINUTE_MS, 6);
      // It was due when a caller requested the stop, and no deadline was missed.
      expect(stopped).toMatchObject({
        onTime: 1,
        asked: null,
        answered: { p50Ms: 200, p99Ms: 200, maxMs: 200 },
      });
      expect(stopped?.minutes).toBeCloseTo(5 + 200 / MINUTE_MS, 6);
    });

    test("counts only the chosen caller or application", async () => {
      const other = { reason: "expired", count: 1, onTime: 1 };
      const one = { p50Ms: 7, p99Ms: 7, maxMs: 7 };
      for (const filter of [{ callerId: "other" }, { sdkAppId: 1400000000 }]) {
        expect((await read(filter)).ends).toMatchObject([{ ...other, asked: one }]);
      }
      expect((await read({ callerId: "other" })).live).toMatchObject({ running: 1, unsettled: 1 });
      expect(await read({ callerId: "nobody" })).toEqual(EMPTY);
    });

    test("leaves out ingests that began or ended earlier, but not running ones", async () => {
      const late = await read({ since: addMs(T0, 2 * SECOND_MS) });
      expect(late.starts).toEqual(EMPTY.starts);
      expect(late.ends.map(({ reason }) => reason)).toEqual(["expired", "finished", "stopped"]);
      expect(late.live).toMatchObject({ running: 3 });
      expect((await read({ since: NOW })).ends).toEqual([]);
    });
  });
});

describe("npm run report", () => {
  let url: string;
  let folder: string;
  const report = (args: string[] = [], env: Record<string, string> = { DATABASE_URL: url }) =>
    runCli(["report", ...args], { DATABASE_URL: "", DATA_DIR: folder, ...env });

  beforeAll(async () => {
    url = await newPostgresUrl();
    folder = mkdtempSync(join(tmpdir(), "report-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("prints a readable page for an empty database", async () => {
    const { code, output } = await report();
    expect(code).toBe(0);
    expect(output).toMatch(/^since \S+Z, at \S+Z\n\n {2}started +0\n/);
    expect(output).toMatch(
      /unfinished starts now +0\n {2}USD of ended ones +0\.00\n {2}USD of live ones +0\.00 {2}0\.00 at their deadlines\n\n {2}none ended\n$/,
    );
    expect(JSON.parse((await report(["--json"])).output)).toMatchObject({
      ...EMPTY,
      since: expect.stringMatching(/Z$/),
    });
  });

  test("prints a line for each end reason, and the overdue and unfinished ingests", async () => {
    const database = openPostgres(url);
    const store = createStore(database);
    await ended(store, "expired", { askedMs: 2, overMs: 1234 });
    await refused(store);
    await runningIngest(store);
    await store.ingests.beginStart(newIngest());
    await database.close();
    const { code, output } = await report(["--since", T0.toISOString()]);
    expect(code).toBe(0);
    expect(output).toMatch(/^ {2}failed to start +1$/m);
    expect(output).toMatch(/^ {2}overdue now +1 {2}the longest by [\d,.]+ h$/m);
    expect(output).toMatch(
      /^ {2}unfinished starts now +1 {2}the oldest since 2026-01-01T00:00:00.000Z$/m,
    );
    expect(output).toMatch(
      /^ {2}expired +1 +10\.0 +0\.15 +0\.0 % +2 {2}2 {2}2 +1,234 {2}1,234 {2}1,234$/m,
    );
    expect(output).toMatch(/^ {2}failed +1 +0\.0 +0\.00$/m);
    expect(output).not.toContain("\u001b");
    const none = await report(["--since", T0.toISOString(), "--caller", "nobody"]);
    expect(none.output).toMatch(/none ended\n$/);
  });

  test.each([
    ["--since 90m", ["--since", "90m"]],
    ["--since with an offset", ["--since", "2026-01-01T08:00+08:00"]],
    ["--sdk-app-id", ["--sdk-app-id", "1400000000"]],
  ])("takes %s", async (_, args) => {
    expect(await report(args)).toMatchObject({ code: 0 });
  });

  test.each([
    [["--since", "yesterday"], "--since yesterday: send a time such as 24h, 30m or 7d"],
    [["--since", "2026-01-01"], "--since 2026-01-01: send a time"],
    [["--since", "2026-02-30T25:00:00Z"], "--since 2026-02-30T25:00:00Z: send a time"],
    [
      ["--since", "2999-01-01T00:00:00Z"],
      "--since 2999-01-01T00:00:00Z is in the future: send a past time",
    ],
    [["--sdk-app-id", "one"], "--sdk-app-id one is not an SdkAppId: send the application's number"],
    [["--sdk-app-id", "-1"], "--sdk-app-id -1 is not an SdkAppId"],
    [["--fast"], "unknown option '--fast'"],
    [["all"], "unexpected argument 'all'"],
  ])("%j ends with 2, and says why", async (args, text) => {
    const { code, output } = await report(args);
    expect({ code, output }).toEqual({ code: 2, output: expect.stringContaining(text) });
    expect(output).not.toMatch(/\n\s+at /);
  });

  test("explains itself with --help, without a database", async () => {
    const { code, output } = await report(["--help"], {});
    expect(code).toBe(0);
    expect(output).toMatch(/Usage: trtc-ingest report [\s\S]*--since[\s\S]*--json/);
  });

  test("says that there is no database, and creates none", async () => {
    const { code, output } = await report([], {});
    expect(code).toBe(1);
    expect(output).toMatch(/^there are no rows to report: DATABASE_URL is not set, .*postgres\n$/);
    expect(await report([], {})).toMatchObject({ code: 1 });
  });

  test("says that a database was never migrated, or is away", async () => {
    const never = await newPostgresUrl({ template: "template0" });
    const unmigrated = await report([], { DATABASE_URL: never });
    expect(unmigrated).toMatchObject({
      code: 1,
      output: expect.stringContaining("npm run migrate"),
    });
    const secret = "postgres://user:secret-password@127.0.0.1:1/none";
    const away = await report([], { DATABASE_URL: secret });
    expect(away).toMatchObject({ code: 1, output: expect.stringMatching(/ECONNREFUSED.*\n$/) });
    expect(away.output).not.toContain("secret-password");
  });
});
