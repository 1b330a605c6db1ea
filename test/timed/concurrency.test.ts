/** Two hundred starts at once: in one process here, over four in processes.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import { SLOTS, SLOTS_SPAN_MS } from "../../shared/store/slots.js";
import type { TrtcAction } from "../../shared/trtc/client.js";
import { openTestPostgres } from "../support/database/databases.js";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";
import { callsOf, mostWithin, recordSlots } from "../support/database/granted-slots.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { readTruth } from "../../local/emulator-truth.js";

const STARTS = 200;

/** The clocks of Node and of PostgreSQL read one machine's time, each rounded in its own way. */
const CLOCK_MS = 2;

/** When the calls of an action leave from now on: milliseconds since 1970. */
function recordCalls({ services: { trtc, clock } }: TestApp, chosen: TrtcAction): number[] {
  const left: number[] = [];
  const { call } = trtc;
  trtc.call = (action, options) => {
    if (action === chosen) left.push(clock.now().getTime());
    return call(action, options);
  };
  return left;
}

describe("two hundred starts at once, on real PostgreSQL", () => {
  let app: TestApp;
  // A process of its own. A process that is busy with sending calls cannot count how many arrive
  // in a second.
  let emulator: RunningProcess;
  const truth = () => readTruth(emulator.url);
  beforeAll(async () => {
    emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
    const database = await openTestPostgres();
    app = await startTestApp({ database, trtcEndpoint: () => emulator.url });
  });
  afterAll(async () => {
    await app.close();
    await emulator.end("SIGTERM");
  });

  const startAll = (fields: (n: number) => object) =>
    Promise.all(
      Array.from({ length: STARTS }, (_, n) =>
        app.post("start-ingest", {
          SdkAppId: CN_APP,
          RoomIdType: 0,
          StreamUrl: app.clip,
          RepeatNum: -1,
          ...fields(n),
        }),
      ),
    );

  test("with one ClientToken give one TaskId and one robot", async () => {
    const answers = await startAll(() => ({ RoomId: "one", ClientToken: "one" }));
    expect(new Set(answers.map(({ response }) => response["TaskId"])).size).toBe(1);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(await truth().tasks()).toHaveLength(1);
  });

  test("with different tokens give two hundred robots, at 20 a second or slower, none before its slot", async () => {
    const before = (await truth().tasks()).length;
    const granted = await recordSlots(app.database);
    const left = recordCalls(app, "StartStreamIngest");
    const counted = await callsOf(truth, "StartStreamIngest");
    const answers = await startAll((n) => ({ RoomId: `room-${n}`, ClientToken: `token-${n}` }));
    const ids = answers.map(({ response }) => response["TaskId"]);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(STARTS);
    const tasks = (await truth().tasks()).slice(before);
    expect(new Set(tasks.map(({ userId }) => userId)).size).toBe(STARTS);

    const slots = await granted("StartStreamIngest");
    expect(mostWithin(slots, SLOTS_SPAN_MS)).toBe(SLOTS);
    expect(left.length).toBeLessThanOrEqual(slots.length);
    // The n-th to leave cannot leave before the n-th slot, whichever of the slots it has.
    const early = left.filter((leftMs, n) => leftMs < (slots[n] ?? Infinity) - CLOCK_MS);
    expect(early).toEqual([]);
    // One that the machine held up is throttled, and goes again.
    const { throttled } = await callsOf(truth, "StartStreamIngest");
    expect(throttled - counted.throttled).toBeLessThan(STARTS / 2);
  });

  test("and two hundred stops at once all succeed, with one call to TRTC each", async () => {
    const { response } = await app.post("list-ingests", { State: "running", Limit: 100 });
    const { response: more } = await app.post("list-ingests", {
      State: "running",
      Limit: 100,
      Cursor: response["NextCursor"],
    });
    const running = [response, more].flatMap(({ Ingests }) => Ingests as { TaskId: string }[]);
    expect(running).toHaveLength(STARTS);
    const stop = async (TaskId: string): Promise<void> => {
      for (let tries = 0; tries < 40; tries += 1) {
        const { status } = await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId });
        if (status === 200) return;
        await systemClock.sleep(1000);
      }
    };
    await Promise.all(running.map(({ TaskId }) => stop(TaskId)));
    const tasks = await truth().tasks();
    expect(tasks.filter(({ state }) => state === "ended")).toHaveLength(STARTS);
    expect(tasks.filter(({ stopCalls }) => stopCalls > 1)).toEqual([]);
    const stops = (await truth().calls()).find((each) => each.action === "StopStreamIngest");
    // What TRTC throttled it did not act on.
    expect((stops?.calls ?? 0) - (stops?.throttled ?? 0)).toBe(STARTS);
  });

  test("and a start that would wait longer than its function may run gets a retryable error", async () => {
    const { store } = app.services;
    const slot = { account: "cn", action: "StartStreamIngest", waitMaxMs: 3_600_000 };
    for (let taken = 0; taken < 600; taken += 1) await store.slots.take(slot);
    const before = (await truth().tasks()).length;
    const request = { SdkAppId: CN_APP, RoomId: "1", StreamUrl: app.clip };
    const { status, headers, response } = await app.post("start-ingest", request);
    expect([status, response.Error?.Code]).toEqual([429, "RequestLimitExceeded"]);
    expect(headers.get("retry-after")).toBe("1");
    expect(await truth().tasks()).toHaveLength(before);
    const { response: list } = await app.post("list-ingests", { RoomId: "1" });
    expect(list["Ingests"]).toEqual([]);
  });
});
