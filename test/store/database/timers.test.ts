/** A timer whose database fails: its claims lapse, and the next run continues. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database/database-proxy.js";
import { CN_APP, type TestApp } from "../../support/app/test-app.js";
import { startTimedApp, type TimedApp } from "../../support/app/timed-app.js";

/** A text of each statement that no other statement contains. */
const STATEMENT = {
  claimDue: "for update of ingest skip locked",
  beginDueStop: "end_reason = coalesce(\n             end_reason",
  markEnded: "set state = 'ended', ended_at = $",
};

let proxy: DatabaseProxy;
let timed: TimedApp;
let app: TestApp;
const open = async (timers: boolean, tickSeconds = "1") => {
  proxy = await startDatabaseProxy(await newPostgresUrl());
  const database = openPostgres(proxy.url);
  timed = await startTimedApp({ database, timers, env: { EXPIRY_TICK_SECONDS: tickSeconds } });
  app = timed.app;
};
afterEach(async () => {
  await timed.clock.advanceUntilDone(app.close());
  await proxy.close();
});

async function start(inMs: number): Promise<void> {
  const { clock } = timed;
  const { status } = await clock.advanceUntilDone(
    app.post("start-ingest", {
      SdkAppId: CN_APP,
      RoomId: "room",
      RoomIdType: 0,
      RepeatNum: -1,
      StreamUrl: app.clip,
      StopTime: addMs(clock.now(), inMs).toISOString(),
    }),
  );
  expect(status).toBe(200);
}
const run = () => {
  const { clock } = timed;
  const endsMs = clock.elapsedMs() + 20 * SECOND_MS;
  const context = { getRemainingTimeInMillis: () => endsMs - clock.elapsedMs() };
  const { handler } = app.functionNamed("expire-ingests");
  return clock.advanceUntilDone(handler({ Type: "Timer" }, context));
};
const rows = () => app.database.query("select * from ingest order by task_id");
const EXPIRED = { state: "ended", end_reason: "expired" };
const calls = () => app.trtc.calls("StopStreamIngest");

async function untilAllEnded(): Promise<void> {
  for (let again = 0; again < 20; again += 1) {
    if ((await rows()).every(({ state }) => state === "ended")) return;
    await timed.clock.advance(SECOND_MS);
    await run();
  }
}

describe("a run of expire-ingests", () => {
  beforeEach(() => open(false));

  test("fails, logs it and leaves the work to the next run when the database is unavailable", async () => {
    await start(3 * SECOND_MS);
    await proxy.turn("refused");
    for (let again = 0; again < 2; again += 1) {
      await expect(run()).rejects.toMatchObject({ code: "ServiceUnavailable", retry: true });
      expect(JSON.parse(app.logLines.at(-1) ?? "")).toMatchObject({
        level: "error",
        function: "expire-ingests",
        outcome: "ServiceUnavailable",
        detail: "The database cannot be reached (ECONNREFUSED)",
      });
    }
    await proxy.turn("through");
    await timed.clock.advance(3 * SECOND_MS);
    expect(await run()).toMatchObject({ claimed: 1, stopped: 1, failed: 0 });
    expect(await rows()).toMatchObject([EXPIRED]);
  });

  test("fails when it does not receive its claims, and the claims lapse", async () => {
    await start(3 * SECOND_MS);
    const lost = proxy.lose("answer", STATEMENT.claimDue);
    await expect(run()).rejects.toMatchObject({ code: "ServiceUnavailable" });
    await lost;
    expect(await rows()).toMatchObject([{ state: "running", lease_until: expect.any(Date) }]);
    // No other run may claim it before that.
    expect(calls()).toBe(0);
    await untilAllEnded();
    expect(await rows()).toMatchObject([EXPIRED]);
    expect(calls()).toBe(1);
  });

  test("stops all in time when single statements or their answers are lost", async () => {
    for (let n = 0; n < 6; n += 1) await start(4 * SECOND_MS);
    // A run claims what is due in the next three seconds.
    await timed.clock.advance(1.5 * SECOND_MS);
    const lost = [STATEMENT.beginDueStop, STATEMENT.markEnded].flatMap((text) => [
      proxy.lose("statement", text),
      proxy.lose("answer", text),
    ]);
    expect(await run()).toMatchObject({ claimed: 6, stopped: 6, failed: 0, spared: 0 });
    await Promise.all(lost);
    expect(await rows()).toMatchObject(Array.from({ length: 6 }, () => EXPIRED));
    const tasks = await app.truth.tasks();
    expect(tasks.map(({ state }) => state)).toEqual(tasks.map(() => "ended"));
  });
});

describe("a run of a minute", () => {
  beforeEach(() => open(false, "60"));

  const minute = () => {
    const { clock } = timed;
    const endsMs = clock.elapsedMs() + 100 * SECOND_MS;
    const context = { getRemainingTimeInMillis: () => endsMs - clock.elapsedMs() };
    return app.functionNamed("expire-ingests").handler({ Type: "Timer" }, context);
  };

  test("waits for a database that is away, and stops what fell due meanwhile", async () => {
    const { clock } = timed;
    await start(3 * SECOND_MS);
    await start(20 * SECOND_MS);
    await proxy.turn("refused");
    const run = minute();
    await clock.advance(10 * SECOND_MS);
    expect(calls()).toBe(0);
    await proxy.turn("through");
    const backMs = clock.now().getTime();
    expect(await clock.advanceUntilDone(run)).toMatchObject({ claimed: 2, stopped: 2, failed: 0 });
    expect(await rows()).toMatchObject([EXPIRED, EXPIRED]);
    const [late] = await app.truth.tasks();
    expect(Date.parse(late?.endedAt ?? "") - backMs).toBeLessThan(SECOND_MS);
  });

  test("fails when the database stays away until the next run", async () => {
    await proxy.turn("refused");
    const startedMs = timed.clock.elapsedMs();
    await expect(timed.clock.advanceUntilDone(minute())).rejects.toMatchObject({
      code: "ServiceUnavailable",
    });
    const tookMs = timed.clock.elapsedMs() - startedMs;
    expect(tookMs).toBeGreaterThan(59 * SECOND_MS);
    expect(tookMs).toBeLessThan(61 * SECOND_MS);
  });
});

describe("the timer itself", () => {
  beforeEach(() => open(true));

  test("continues after an outage and stops what fell due meanwhile", async () => {
    for (let n = 0; n < 3; n += 1) await start(3 * SECOND_MS);
    await proxy.turn("refused");
    await timed.clock.advance(4 * SECOND_MS);
    expect(calls()).toBe(0);
    await proxy.turn("through");
    await timed.clock.advance(20 * SECOND_MS);
    expect(calls()).toBe(3);
    expect(await rows()).toMatchObject([EXPIRED, EXPIRED, EXPIRED]);
    const failed = app.logLines.filter((line) => line.includes("ServiceUnavailable"));
    expect(failed.length).toBeGreaterThan(0);
  });
});
