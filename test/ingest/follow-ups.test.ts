/** An event's effect survives a lost follow-up: a timer's run asks TRTC. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { expireIngests } from "../../shared/ingest/stop/expire.js";
import { handleRoomEvent } from "../../shared/room-events/handle.js";
import type { RoomEvent } from "../../shared/room-events/types.js";
import type { Services } from "../../shared/ingest/services.js";
import { reconcileIngests } from "../../shared/ingest/reconcile/reconcile.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { CN_APP, type TestApp, type TrtcHandle } from "../support/app/test-app.js";
import type { ManualClock } from "../support/app/manual-clock.js";
import { nextNumericRoom } from "../support/app/rooms.js";
import { startTimedApp, timeLeft } from "../support/app/timed-app.js";

let clock: ManualClock;
let app: TestApp;
let trtc: TrtcHandle;
let services: Services;

beforeAll(async () => {
  ({ clock, app, services, trtc } = await startTimedApp());
});
beforeEach(() => app.database.query("delete from ingest"));
afterAll(() => app.close());

/** Looping ingests in one room, after this much playing time. */
async function playing(playsForMs: number, roomIdTypes: readonly (0 | 1)[]): Promise<Ingest[]> {
  const roomId = nextNumericRoom();
  for (const RoomIdType of roomIdTypes) {
    const room = { SdkAppId: CN_APP, RoomId: roomId, RoomIdType };
    const request = { ...room, StreamUrl: app.clip, RepeatNum: -1, MaxDuration: 60 };
    const { response } = await clock.advanceUntilDone(app.post("start-ingest", request));
    expect(response.Error).toBeUndefined();
  }
  await clock.advance(playsForMs);
  return services.store.ingests.list({ callerId: "AKIDlocal", roomId, limit: 9 });
}

/** One run of each timer. */
async function timersRun(): Promise<void> {
  const timeLeftMs = timeLeft(clock, MINUTE_MS);
  await clock.advanceUntilDone(reconcileIngests(services, { timeLeftMs }));
  await clock.advanceUntilDone(expireIngests(services, { timeLeftMs: () => 13 * SECOND_MS }));
}

/** The tasks in our calls to describe or stop. */
const asked = () =>
  (["DescribeStreamIngest", "StopStreamIngest"] as const).flatMap((action) =>
    trtc.bodies(action).map(({ TaskId }) => TaskId),
  );

interface Case {
  playsForMs?: number;
  roomIdTypes?: (0 | 1)[];
  /** Other columns to set. */
  set?: string;
  event: (ingest: Ingest) => RoomEvent | RoomEvent[];
}

const EVENTS: Readonly<Record<string, Case>> = {
  "a robot has left": {
    event: ({ sdkAppId, roomId, robotUserId: userId }) => ({
      kind: "left",
      sdkAppId,
      roomId,
      roomIdType: 0,
      userId,
      eventAt: clock.now(),
    }),
  },
  "its room was dismissed": {
    roomIdTypes: [1],
    event: ({ sdkAppId, roomId }) => ({
      kind: "dismissed",
      sdkAppId,
      roomId,
      roomIdType: 1,
      eventAt: clock.now(),
    }),
  },
  "its room was dismissed just after it began": {
    playsForMs: 5 * SECOND_MS,
    roomIdTypes: [1, 1],
    event: ({ sdkAppId, roomId }) => ({
      kind: "dismissed",
      sdkAppId,
      roomId,
      roomIdType: 1,
      eventAt: clock.now(),
    }),
  },
  "one of two rooms of these digits was dismissed": {
    roomIdTypes: [0, 1],
    event: ({ sdkAppId, roomId }) => ({
      kind: "dismissed",
      sdkAppId,
      roomId,
      roomIdType: 0,
      eventAt: clock.now(),
    }),
  },
  "its source has failed for good": {
    event: ({ sdkAppId, trtcTaskId }) =>
      [0, 1, 2, 3].map((n): RoomEvent => {
        const eventAt = addMs(clock.now(), n * SECOND_MS);
        return { kind: "source", sdkAppId, trtcTaskId: trtcTaskId ?? "", media: "failed", eventAt };
      }),
  },
  "its task is over, while another of its robot may come": {
    set: "unsure_until = now() + interval '1000 days'",
    event: ({ sdkAppId, trtcTaskId }) => ({
      kind: "task-ended",
      sdkAppId,
      trtcTaskId: trtcTaskId ?? "",
      eventAt: clock.now(),
    }),
  },
};

test.each(Object.entries(EVENTS))(
  "%s: the next run checks the task at TRTC",
  async (_, { playsForMs = 20 * SECOND_MS, roomIdTypes = [0], set, event }) => {
    const ingests = await playing(playsForMs, roomIdTypes);
    expect(ingests).toHaveLength(roomIdTypes.length);
    if (set) await app.database.query(`update ingest set ${set}`);
    const ids = ingests.map(({ trtcTaskId }) => trtcTaskId);
    await timersRun();
    expect(asked().filter((taskId) => ids.includes(String(taskId)))).toEqual([]);
    for (const roomEvent of [event(ingests[0] as Ingest)].flat()) {
      await clock.advanceUntilDone(handleRoomEvent(services, roomEvent, () => 10 * SECOND_MS));
    }
    expect(asked().filter((taskId) => ids.includes(String(taskId)))).toEqual([]);
    // A stop belongs to its first claim until that claim lapses.
    await clock.advance(10 * SECOND_MS);
    await timersRun();
    expect(new Set(asked().filter((taskId) => ids.includes(String(taskId))))).toEqual(new Set(ids));
  },
);
