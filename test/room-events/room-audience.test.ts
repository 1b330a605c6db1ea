/** StopWhenEmptySeconds: an ingest ends after its room has been empty for this long. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { expireIngests } from "../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../shared/ingest/reconcile/reconcile.js";
import type { Services } from "../../shared/ingest/services.js";
import {
  answerTo,
  callbackEvent,
  dismissed,
  entered,
  left,
  OK,
} from "../support/http/callbacks.js";
import { openTestPostgres } from "../support/database/databases.js";
import { CN_APP, type TestApp } from "../support/app/test-app.js";
import type { ManualClock } from "../support/app/manual-clock.js";
import type { RtmpServer } from "../support/media/rtmp-server.js";
import { startLiveApp, timeLeft } from "../support/app/timed-app.js";
import fc, { cases } from "../support/properties.js";
import { nextRoom } from "../support/app/rooms.js";

const EMPTY_SECONDS = 90;

let clock: ManualClock;
let app: TestApp;
let services: Services;
let live: RtmpServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ clock, app, services, live, close } = await startLiveApp({
    database: await openTestPostgres(),
  }));
});
beforeEach(async () => {
  await clock.advanceUntilDone(Promise.all(runs));
  runs.clear();
  tickedMs = Number.NEGATIVE_INFINITY;
  await app.database.query("delete from ingest");
  await app.database.query("delete from room_audience");
  await clock.advance(MINUTE_MS);
});
afterAll(() => close());

async function tell(body: Buffer): Promise<void> {
  expect(await clock.advanceUntilDone(answerTo(services, callbackEvent(body)))).toEqual(OK);
}

async function playing(fields: object = {}) {
  const room = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0 };
  const request = {
    ...room,
    StreamUrl: live.url,
    RepeatNum: -1,
    MaxDuration: 60,
    StopWhenEmptySeconds: EMPTY_SECONDS,
    ...fields,
  };
  const { response } = await clock.advanceUntilDone(app.post("start-ingest", request));
  if (response.Error) throw new Error(response.Error.Message);
  const startedAt = clock.now();
  const row = async () =>
    (
      await app.database.query("select * from ingest where task_id = $1", [response["TaskId"]])
    )[0] ?? {};
  const task = async () =>
    (await app.truth.tasks()).find(({ taskId }) => taskId === response["TrtcTaskId"]);
  const { RoomId, SdkAppId } = request;
  const named = { SdkAppId, TaskId: response["TaskId"] };
  const stop = () => clock.advanceUntilDone(app.post("stop-ingest", named));
  return { RoomId, UserId: String(response["UserId"]), startedAt, row, task, stop };
}

const runs = new Set<Promise<unknown>>();
let tickedMs = Number.NEGATIVE_INFINITY;

/** Moves the time. The timer runs once a minute. */
async function pass(ms: number): Promise<void> {
  const untilMs = clock.elapsedMs() + ms;
  while (clock.elapsedMs() < untilMs) {
    if (clock.elapsedMs() >= tickedMs + MINUTE_MS) {
      tickedMs = clock.elapsedMs();
      runs.add(expireIngests(services, { timeLeftMs: timeLeft(clock, 100 * SECOND_MS) }));
    }
    const nextMs = Math.min(tickedMs + MINUTE_MS, untilMs);
    await clock.advance(nextMs - clock.elapsedMs());
  }
}

function reconcile() {
  const run = reconcileIngests(services, { timeLeftMs: timeLeft(clock, MINUTE_MS) });
  return clock.advanceUntilDone(run);
}

const endedAt = async ({ task }: Awaited<ReturnType<typeof playing>>) => {
  const { endedAt: at, endReason } = (await task()) ?? {};
  return { at: new Date(at ?? 0), endReason };
};

/** The end comes at this time or within a second, never earlier. */
async function expectEndAt(ingest: Awaited<ReturnType<typeof playing>>, at: Date) {
  expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "empty" });
  const end = await endedAt(ingest);
  expect(end.endReason).toBe("stopped");
  expect(end.at.getTime()).toBeGreaterThanOrEqual(at.getTime());
  expect(end.at.getTime()).toBeLessThan(at.getTime() + SECOND_MS);
}

test("an ingest is stopped on the second after the last of several viewers left for good", async () => {
  const ingest = await playing();
  const { RoomId } = ingest;
  await tell(entered(RoomId, ingest.UserId, clock.now()));
  await tell(entered(RoomId, "anna", clock.now()));
  await pass(5 * MINUTE_MS);
  await tell(entered(RoomId, "ben", clock.now()));
  await tell(left(RoomId, "anna", clock.now()));
  await pass(5 * MINUTE_MS);
  await tell(left(RoomId, "ben", clock.now()));
  expect(await ingest.row()).toMatchObject({
    empty_at: addMs(clock.now(), EMPTY_SECONDS * SECOND_MS),
  });
  await pass((EMPTY_SECONDS - 1) * SECOND_MS);
  await tell(entered(RoomId, "anna", clock.now()));
  expect(await ingest.row()).toMatchObject({ state: "running", empty_at: null });
  await pass(10 * MINUTE_MS);
  await tell(entered(RoomId, "carl", clock.now()));
  await tell(left(RoomId, "anna", clock.now()));
  await pass(SECOND_MS);
  await tell(left(RoomId, "carl", clock.now()));
  const emptyAt = addMs(clock.now(), EMPTY_SECONDS * SECOND_MS);
  await pass(EMPTY_SECONDS * SECOND_MS - 1);
  expect(await ingest.row()).toMatchObject({ state: "running" });
  await pass(2 * MINUTE_MS);
  await expectEndAt(ingest, emptyAt);
});

describe("an ingest in a room", () => {
  test("that no viewer ever enters ends after the set time from its start", async () => {
    const ingest = await playing();
    await pass(3 * MINUTE_MS);
    await expectEndAt(ingest, addMs(ingest.startedAt, EMPTY_SECONDS * SECOND_MS));
  });

  test("with a viewer from before its start keeps playing", async () => {
    const RoomId = "early";
    await tell(entered(RoomId, "anna", clock.now()));
    const ingest = await playing({ RoomId });
    await pass(5 * MINUTE_MS);
    expect(await ingest.row()).toMatchObject({ state: "running", empty_at: null });
  });

  test("that was dismissed is empty", async () => {
    const RoomId = "dismissed";
    await tell(entered(RoomId, "anna", addMs(clock.now(), -2000)));
    await tell(dismissed(RoomId, addMs(clock.now(), -1000)));
    const ingest = await playing({ RoomId });
    await pass(3 * MINUTE_MS);
    await expectEndAt(ingest, addMs(ingest.startedAt, EMPTY_SECONDS * SECOND_MS));
  });

  test.each([
    ["a numeric room", "the string room", 1, "4711"],
    ["a string room", "the numeric room", 0, 4711],
  ])("in %s keeps its viewers when %s ends", async (_, __, RoomIdType, closed) => {
    const ingest = await playing({ RoomId: "4711", RoomIdType });
    await tell(entered(RoomIdType === 1 ? 4711 : "4711", "anna", clock.now()));
    await pass(MINUTE_MS);
    await tell(dismissed(closed, clock.now()));
    await pass(4 * MINUTE_MS);
    expect(await ingest.row()).toMatchObject({ state: "running", empty_at: null });
  });

  test("that is numeric and was dismissed is empty", async () => {
    await tell(entered(4712, "anna", addMs(clock.now(), -2000)));
    await tell(dismissed(4712, addMs(clock.now(), -1000)));
    const ingest = await playing({ RoomId: "4712", RoomIdType: 1 });
    await pass(3 * MINUTE_MS);
    await expectEndAt(ingest, addMs(ingest.startedAt, EMPTY_SECONDS * SECOND_MS));
  });

  test("with only robots in it, of any caller, is empty", async () => {
    const ingest = await playing();
    const other = await playing({
      RoomId: ingest.RoomId,
      UserId: "choir",
      StopWhenEmptySeconds: 0,
    });
    for (const user of [ingest.UserId, other.UserId, "robot_01kb0q6t4c8x2m5vj9w3r7n1ye"]) {
      await tell(entered(ingest.RoomId, user, clock.now()));
    }
    await pass(3 * MINUTE_MS);
    await expectEndAt(ingest, addMs(ingest.startedAt, EMPTY_SECONDS * SECOND_MS));
    expect(await other.row()).toMatchObject({ state: "running", empty_seconds: null });
  });

  test("is watched by a viewer with a former robot's UserId", async () => {
    const first = await playing({ UserId: "teacher" });
    await tell(entered(first.RoomId, "teacher", clock.now()));
    await first.stop();
    const ingest = await playing({ RoomId: first.RoomId });
    await pass(70 * SECOND_MS);
    await tell(entered(first.RoomId, "teacher", clock.now()));
    await pass(5 * MINUTE_MS);
    expect(await ingest.row()).toMatchObject({ state: "running", empty_at: null });
  });

  test("is empty although an ended robot's leave event never came", async () => {
    const first = await playing({ UserId: "presenter" });
    await first.stop();
    await tell(entered(first.RoomId, "presenter", addMs(clock.now(), 30 * SECOND_MS)));
    const ingest = await playing({ RoomId: first.RoomId });
    await pass(3 * MINUTE_MS);
    await expectEndAt(ingest, addMs(ingest.startedAt, EMPTY_SECONDS * SECOND_MS));
  });

  test("with the digits of another room counts both rooms' viewers, so it never ends too early", async () => {
    const ingest = await playing({ RoomId: "4711", RoomIdType: 1 });
    await tell(entered("4711", "anna", clock.now()));
    await pass(5 * MINUTE_MS);
    expect(await ingest.row()).toMatchObject({ state: "running" });
  });

  test("still ends on its deadline, as expired", async () => {
    const ingest = await playing({ MaxDuration: 3 });
    await tell(entered(ingest.RoomId, "anna", clock.now()));
    await pass(4 * MINUTE_MS);
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "expired" });
  });

  test("keeps playing in an empty room without StopWhenEmptySeconds", async () => {
    const ingest = await playing({ StopWhenEmptySeconds: undefined });
    await pass(5 * MINUTE_MS);
    expect(await ingest.row()).toMatchObject({ state: "running", empty_at: null });
  });
});

test("the application's default applies to starts without the field, and 0 turns it off", async () => {
  const config = app.services.config as unknown as { applications: Map<number, object> };
  const usual = config.applications.get(CN_APP) ?? {};
  config.applications.set(CN_APP, { ...usual, StopWhenEmptySeconds: 30 });
  const said = await playing({ StopWhenEmptySeconds: undefined });
  const off = await playing({ StopWhenEmptySeconds: 0 });
  config.applications.set(CN_APP, usual);
  expect(await said.row()).toMatchObject({ empty_seconds: 30 });
  expect(await off.row()).toMatchObject({ empty_seconds: null });
});

test("a start with StopWhenEmptySeconds is refused when the application has no callbacks", async () => {
  const config = app.services.config as unknown as { applications: Map<number, object> };
  const usual = config.applications.get(CN_APP) ?? {};
  const { CallbackKeys: _, ...quiet } = usual as { CallbackKeys?: string[] };
  config.applications.set(CN_APP, quiet);
  await expect(playing()).rejects.toThrow("StopWhenEmptySeconds needs TRTC's callbacks");
  config.applications.set(CN_APP, usual);
});

test("two viewers that leave at the same moment leave the room empty", async () => {
  for (let n = 0; n < 10; n += 1) {
    const ingest = await playing();
    const users = ["anna", "ben", "carl", "dora"];
    for (const user of users) await tell(entered(ingest.RoomId, user, clock.now()));
    const at = addMs(clock.now(), 1);
    const all = users.map((user) =>
      answerTo(services, callbackEvent(left(ingest.RoomId, user, at))),
    );
    await clock.advanceUntilDone(Promise.all(all));
    expect(await ingest.row()).toMatchObject({ empty_at: addMs(at, EMPTY_SECONDS * SECOND_MS) });
  }
});

test("a viewer that left is deleted later, but not while an ingest waits for viewers", async () => {
  const ingest = await playing({ StopWhenEmptySeconds: 3600 });
  for (const room of [ingest.RoomId, "elsewhere"]) {
    await tell(entered(room, "anna", clock.now()));
    await tell(left(room, "anna", addMs(clock.now(), 1)));
  }
  await clock.advance(16 * MINUTE_MS);
  await reconcile();
  expect(await app.database.query("select room_id from room_audience")).toEqual([
    { room_id: ingest.RoomId },
  ]);
});

test("a viewer of a room that was dismissed long ago does not count again", async () => {
  const RoomId = "long-closed";
  await tell(entered(RoomId, "anna", addMs(clock.now(), -2000)));
  await tell(dismissed(RoomId, addMs(clock.now(), -1000)));
  await clock.advance(17 * MINUTE_MS);
  await reconcile();
  const ingest = await playing({ RoomId });
  await pass(3 * MINUTE_MS);
  await expectEndAt(ingest, addMs(ingest.startedAt, EMPTY_SECONDS * SECOND_MS));
  await clock.advance(9 * 24 * 60 * MINUTE_MS);
  await reconcile();
  expect(await app.database.query("select from room_audience")).toEqual([]);
});

test("callbacks about viewers in any order and number lead to the same result", async () => {
  const users = fc.constantFrom("anna", "ben");
  const move = fc.record({ user: users, isIn: fc.boolean(), second: fc.nat({ max: 20 }) });
  const moves = fc.uniqueArray(move, {
    minLength: 1,
    maxLength: 8,
    selector: ({ user, second }) => `${user} ${second}`,
  });
  const ingest = await playing();
  const base = addMs(clock.now(), -30 * SECOND_MS);
  const closed = fc.option(fc.nat({ max: 20 }), { nil: undefined });
  const outcomeOf = async (bodies: readonly Buffer[]) => {
    await app.database.query("delete from room_audience");
    for (const body of bodies) await tell(body);
    const { state, empty_at: emptyAt } = await ingest.row();
    return { state, emptyAt };
  };
  await app.database.query("update ingest set started_at = $1", [base]);
  await fc.assert(
    fc.asyncProperty(moves, closed, fc.infiniteStream(fc.nat()), async (all, closedAt, numbers) => {
      // The room's end also ends its ingests. This test reports only the audience.
      const inOrder = [...all].sort((one, other) => one.second - other.second);
      const bodies = inOrder.map(({ user, isIn, second }) =>
        (isIn ? entered : left)(ingest.RoomId, user, addMs(base, second * SECOND_MS)),
      );
      const expected = await outcomeOf(bodies);
      const shuffled = [...bodies, ...bodies.slice(0, closedAt ?? 1)]
        .map((body) => ({ body, key: numbers.next().value as number }))
        .sort((one, other) => one.key - other.key)
        .map(({ body }) => body);
      expect(await outcomeOf(shuffled)).toEqual(expected);
      expect(expected.state).toBe("running");
    }),
    { numRuns: cases(100) },
  );
});
