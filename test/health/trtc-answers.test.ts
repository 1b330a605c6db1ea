/**
 * What TRTC answered last, by account and action. A refusal of our own is no answer of TRTC, and a
 * start is counted as its row ends or begins to play.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { isTrtcFailing } from "../../shared/health/trtc.js";
import type { Database } from "../../shared/store/engine/database.js";
import { readTrtcAnswers } from "../../shared/store/health/trtc-answers.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { answerCodeOf, TrtcError } from "../../shared/trtc/trtc-error.js";
import { addMs, SECOND_MS, systemClock } from "../../shared/clock.js";
import { newIngest, runningIngest, T0, type Wanted } from "../support/app/ingests.js";
import {
  CN_APP,
  KEY,
  type TestApp,
  type TestAppOptions,
  startTestApp,
} from "../support/app/test-app.js";
import { ENGINES, openTestPostgres } from "../support/database/databases.js";

const FAILURE = { code: "ServiceUnavailable", message: "m", retry: true, at: T0 };

const answersOf = async ({ query }: Database) =>
  (await readTrtcAnswers(query)).map(
    ({ account, action, code }) => `${account} ${action} ${code ?? "accepted"}`,
  );

describe.each(ENGINES)("a start, on %s:", (_name, open) => {
  let database: Database;
  let store: Store;
  beforeAll(async () => {
    database = await open();
    store = createStore(database);
  });
  beforeEach(() => database.query("truncate trtc_call, ingest, ingest_event cascade"));
  afterAll(() => database.close());

  const fail = async (answer: string | undefined, fields: Partial<Wanted> = {}) => {
    const { taskId } = await begin(fields);
    await store.ingests.markFailed({ taskId, fence: 0, ...FAILURE, answer });
  };
  const begin = async (fields: Partial<Wanted>) => {
    const row = newIngest(fields);
    await store.ingests.beginStart(row);
    return row;
  };

  test("that TRTC accepted is the answer to its account", async () => {
    await begin({});
    expect(await answersOf(database)).toEqual([]);
    await runningIngest(store);
    await runningIngest(store, { account: "cn" });
    expect(await answersOf(database)).toEqual([
      "cn StartStreamIngest accepted",
      "intl StartStreamIngest accepted",
    ]);
  });

  test("that TRTC refused has the code of TRTC, and one of ours changes nothing", async () => {
    await fail("AuthFailure.SecretIdNotFound");
    expect(await answersOf(database)).toEqual([
      "intl StartStreamIngest AuthFailure.SecretIdNotFound",
    ]);
    await fail(undefined);
    expect(await answersOf(database)).toEqual([
      "intl StartStreamIngest AuthFailure.SecretIdNotFound",
    ]);
  });

  test("that TRTC accepted replaces a refusal, and that of another account does not", async () => {
    await fail("AuthFailure.SecretIdNotFound");
    await runningIngest(store, { account: "cn" });
    expect(await answersOf(database)).toContain(
      "intl StartStreamIngest AuthFailure.SecretIdNotFound",
    );
    await runningIngest(store);
    expect(await answersOf(database)).toEqual([
      "cn StartStreamIngest accepted",
      "intl StartStreamIngest accepted",
    ]);
  });

  test("whose ingest ends is no answer once more", async () => {
    const { taskId, fence } = await runningIngest(store);
    await database.query("truncate trtc_call");
    const at = addMs(T0, SECOND_MS);
    await store.ingests.markEnded({ taskId, fence, reason: "finished", at });
    expect(await answersOf(database)).toEqual([]);
  });
});

test("a start waits for no other one's answer", async () => {
  const database = await openTestPostgres();
  const store = createStore(database);
  await runningIngest(store);
  let isDone = false;
  await database.transaction(async (query) => {
    await query("update trtc_call set code = 'Held'");
    // It would wait for the end of this transaction.
    await runningIngest(store);
    isDone = true;
  });
  expect(isDone).toBe(true);
  await database.close();
});

test("a call that got no slot has no answer of TRTC", () => {
  const noSlot = new TrtcError("RequestLimitExceeded", "No slot came in time.", "refused");
  expect(answerCodeOf(noSlot)).toBeUndefined();
});

describe("the functions", () => {
  let app: TestApp;
  const start = async (options: TestAppOptions = {}) => {
    app = await startTestApp(options);
  };
  afterEach(() => app.close());
  const play = () =>
    app.post("start-ingest", {
      ...{ SdkAppId: CN_APP, RoomId: "1", RoomIdType: 0 },
      ...{ StreamUrl: app.clip, RepeatNum: -1 },
    });
  const isFailing = async () =>
    (await app.services.store.health.read(readTrtcAnswers)).map(isTrtcFailing);

  test("show that TRTC refuses our keys, although the caller does not read it", async () => {
    await start();
    const code = "AuthFailure.SecretIdNotFound";
    app.emulator.faults.add({ action: "StartStreamIngest", kind: "error", code, times: 1 });

    const { response } = await play();

    expect(response.Error?.Code).toBe("ServiceUnavailable");
    expect(await answersOf(app.database)).toEqual([`cn StartStreamIngest ${code}`]);
    expect(await isFailing()).toEqual([true]);
  });

  test("show that TRTC cannot be reached, to a start and to a timer", async () => {
    await start({ trtcEndpoint: () => "http://127.0.0.1:9" });
    await play();
    expect(await answersOf(app.database)).toEqual(["cn StartStreamIngest ServiceUnavailable"]);
    // Its deadline has passed, so it is stopped.
    await runningIngest(app.services.store, { account: "cn", site: "cn", sdkAppId: CN_APP });
    await app.database.query("truncate trtc_call");

    // A refused call is tried again while the run has time.
    const startedMs = systemClock.elapsedMs();
    const leftMs = () => 22_000 - (systemClock.elapsedMs() - startedMs);
    await app
      .functionNamed("reconcile-ingests")
      .handler({ Type: "Timer" }, { getRemainingTimeInMillis: leftMs });

    expect(await answersOf(app.database)).toEqual(["cn StopStreamIngest ServiceUnavailable"]);
    expect(await isFailing()).toEqual([true]);
  });

  /** As with so little time left that a start has its call and no second one. */
  const playInASecond = () => {
    const startedMs = systemClock.elapsedMs();
    const getRemainingTimeInMillis = () => 5500 - (systemClock.elapsedMs() - startedMs);
    const body = JSON.stringify({
      ...{ SdkAppId: CN_APP, RoomId: "1", RoomIdType: 0 },
      ...{ StreamUrl: app.clip, RepeatNum: -1 },
    });
    const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
    const event = { httpMethod: "POST", path: "/", headers, body };
    return app.functionNamed("start-ingest").handler(event, { getRemainingTimeInMillis });
  };

  test("show that TRTC throttles a start", async () => {
    await start();
    app.emulator.faults.add({ action: "StartStreamIngest", kind: "throttle" });

    expect(await playInASecond()).toMatchObject({
      body: expect.stringContaining("RequestLimitExceeded"),
    });

    expect(await answersOf(app.database)).toEqual(["cn StartStreamIngest RequestLimitExceeded"]);
    expect(await isFailing()).toEqual([true]);
  });

  test("take a start without a slot for no answer of TRTC", async () => {
    await start();
    await play();
    await app.database.query("update trtc_call set answered_at = now() - interval '1 minute'");
    await app.database.query(
      "update call_slot set next_free_at = clock_timestamp() + interval '1 hour', recent = array(select clock_timestamp() + interval '1 hour' from generate_series(1, 20))",
    );

    const { response } = await play();

    expect(response.Error?.Code).toBe("RequestLimitExceeded");
    expect(await app.services.store.health.read(readTrtcAnswers)).toMatchObject([
      { code: null, agoMs: expect.closeTo(60_000, -4) },
    ]);
  });
});
