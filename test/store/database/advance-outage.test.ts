/**
 * A scheduled start or a switch of a list meets a database that is away. It comes back to its row
 * as soon as the database answers, not when a lease ends.
 */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database/database-proxy.js";
import { CN_APP, type TestApp } from "../../support/app/test-app.js";
import { startTimedApp, type TimedApp } from "../../support/app/timed-app.js";

/** A text of each statement that no other statement contains. */
const STATEMENT = {
  begin: "set advance_at = null, lease_until",
  reschedule: "advance_lease_until = null, lease_until = null",
  beginStep: "update ingest set step_lease_until = $",
  markStepped: "step_lease_until = null, step_fence = step_fence + 1",
};

/** The start and the switches are so long after the request. */
const AHEAD_MS = 20 * SECOND_MS;
const OUTAGE_MS = 4 * SECOND_MS;
/** Two pauses between tries, and a pause of a refused start. */
const LATE_MAX_MS = 3 * SECOND_MS;

let proxy: DatabaseProxy;
let timed: TimedApp;
let app: TestApp;
beforeEach(async () => {
  proxy = await startDatabaseProxy(await newPostgresUrl());
  timed = await startTimedApp({
    database: openPostgres(proxy.url),
    env: { ADVANCE_TICK_SECONDS: "60" },
  });
  app = timed.app;
});
afterEach(async () => {
  await timed.clock.advanceUntilDone(app.close());
  await proxy.close();
});

async function start(fields: object): Promise<void> {
  const room = { SdkAppId: CN_APP, RoomId: "room", RoomIdType: 0 };
  const StopTime = addMs(timed.clock.now(), 10 * AHEAD_MS).toISOString();
  const request = app.post("start-ingest", { ...room, StopTime, ...fields });
  const { status, response } = await timed.clock.advanceUntilDone(request);
  expect([status, response.Error]).toEqual([200, undefined]);
}

/** A run of a minute, which no other run helps. */
const advance = () => {
  const { clock } = timed;
  const endsMs = clock.elapsedMs() + 100 * SECOND_MS;
  const context = { getRemainingTimeInMillis: () => endsMs - clock.elapsedMs() };
  const { handler } = app.functionNamed("advance-ingests");
  return clock.advanceUntilDone(handler({ Type: "Timer" }, context));
};

const row = async () => (await app.database.query("select * from ingest"))[0] ?? {};
const playing = async () => (await app.truth.tasks()).filter(({ state }) => state === "playing");

/** The database is away for some seconds from the next such statement or its answer on. */
const away = (what: "statement" | "answer", text: string): Promise<void> =>
  proxy.lose(what, text).then(async () => {
    await proxy.turn("refused");
    const { clock } = timed;
    void clock.sleep(OUTAGE_MS).then(() => proxy.turn("through"));
  });

describe("a scheduled start", () => {
  const startsAt = async () => (await row())["starts_at"] as Date;
  const startLater = () =>
    start({
      StreamUrl: app.clip,
      RepeatNum: -1,
      ClientToken: "token",
      StartTime: addMs(timed.clock.now(), AHEAD_MS).toISOString(),
    });
  const latenessMs = async () =>
    ((await row())["started_at"] as Date).getTime() - (await startsAt()).getTime();

  test.each(["statement", "answer"] as const)(
    "begins once the database is back, when the %s of its claim was lost",
    async (what) => {
      await startLater();
      const lost = away(what, STATEMENT.begin);

      const counts = await advance();
      await lost;

      expect(counts).toMatchObject({ claimed: 1, started: 1, unknown: 0 });
      expect(await latenessMs()).toBeLessThan(OUTAGE_MS + LATE_MAX_MS);
      expect(app.trtc.calls("StartStreamIngest")).toBe(1);
      expect(await playing()).toHaveLength(1);
    },
  );

  test.each(["statement", "answer"] as const)(
    "that TRTC refused is tried again once the database is back, when the %s of its refusal was lost",
    async (what) => {
      await startLater();
      const code = "ResourceInsufficient.RequestRejection";
      app.emulator.faults.add({ action: "StartStreamIngest", kind: "error", code, times: 1 });
      const lost = away(what, STATEMENT.reschedule);

      const counts = await advance();
      await lost;

      expect(counts).toMatchObject({ failed: 0, started: 1, unknown: 0 });
      expect(await latenessMs()).toBeLessThan(OUTAGE_MS + LATE_MAX_MS);
      expect(await row()).toMatchObject({ state: "running", failure_code: null });
      expect(await playing()).toHaveLength(1);
    },
  );

  test("without an answer of TRTC leaves its row free, although the database was away", async () => {
    await startLater();
    app.trtc.next("StartStreamIngest", "lose-answer");
    const lost = away("statement", "set lease_until = $");

    expect(await advance()).toMatchObject({ unknown: 1 });
    await lost;

    expect(await row()).toMatchObject({ state: "starting", lease_until: expect.any(Date) });
    const lease = (await row())["lease_until"] as Date;
    expect(lease.getTime() - (await startsAt()).getTime()).toBeLessThan(OUTAGE_MS + 5 * SECOND_MS);
  });
});

describe("a switch of a list", () => {
  const seconds = AHEAD_MS / SECOND_MS;
  const startList = () =>
    start({
      Playlist: [0, 1, 2].map((n) => ({
        StreamUrl: `${app.clip}?item=${n}`,
        PlaySeconds: seconds,
      })),
    });
  const onAir = async () => (await row())["on_air"] as { index: number; since: string };

  test.each([
    ["claim", "statement", STATEMENT.beginStep],
    ["claim", "answer", STATEMENT.beginStep],
    ["outcome", "statement", STATEMENT.markStepped],
    ["outcome", "answer", STATEMENT.markStepped],
  ] as const)(
    "whose %s was lost (%s) is written once the database is back, and the next one is on time",
    async (_, what, text) => {
      await startList();
      const startedAt = (await row())["started_at"] as Date;
      const lost = away(what, text);

      await advance();
      await lost;

      const updates = app.trtc.bodies("UpdateStreamIngest").map((body) => body["StreamUrl"]);
      expect(updates).toEqual([`${app.clip}?item=1`, `${app.clip}?item=2`]);
      const { index, since } = await onAir();
      expect(index).toBe(2);
      const lateMs = Date.parse(since) - startedAt.getTime() - 2 * AHEAD_MS;
      expect(lateMs).toBeLessThan(SECOND_MS);
      expect(await row()).toMatchObject({ state: "ended", end_reason: "finished" });
    },
  );
});
