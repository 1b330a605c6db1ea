/** How TRTC's callbacks change ingests: real store, emulator and injected time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { UNCLAIMED_AFTER_MS } from "../../shared/store/room-events/unclaimed.js";
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
  type Signing,
  source,
  taskEnded,
} from "../support/http/callbacks.js";
import { CN_APP, type TestApp, INTL_APP, type TrtcHandle } from "../support/app/test-app.js";
import type { ManualClock } from "../support/app/manual-clock.js";
import type { RtmpServer } from "../support/media/rtmp-server.js";
import { startLiveApp, timeLeft } from "../support/app/timed-app.js";
import { nextRoom } from "../support/app/rooms.js";

let clock: ManualClock;
let app: TestApp;
let trtc: TrtcHandle;
let services: Services;
let live: RtmpServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ clock, app, services, trtc, live, close } = await startLiveApp());
});
beforeEach(async () => {
  trtc.turn({});
  trtc.next("StartStreamIngest");
  await app.database.query("delete from ingest");
  await app.database.query("delete from unclaimed_task");
  await clock.advance(MINUTE_MS);
});
afterAll(() => close());

const send = (functionName: string, request: object) =>
  clock.advanceUntilDone(app.post(functionName, request));

/** Sends TRTC's event, and the function accepts it. */
async function tell(body: Buffer, signing: Signing = {}): Promise<void> {
  const answering = answerTo(services, callbackEvent(body, signing));
  expect(await clock.advanceUntilDone(answering)).toEqual(OK);
}

/** An ingest that has played for a while. No event is older than its start. */
async function playing(fields: object = {}, playsForMs = 20 * SECOND_MS) {
  const room = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0 };
  const request = { ...room, StreamUrl: live.url, RepeatNum: -1, MaxDuration: 60, ...fields };
  const { response } = await send("start-ingest", request);
  const { TaskId, TrtcTaskId, UserId } = response as Record<string, string>;
  if (TaskId === undefined || TrtcTaskId === undefined || UserId === undefined) {
    throw new Error(JSON.stringify(response));
  }
  await clock.advance(playsForMs);
  const { RoomId, SdkAppId } = request;
  const named = { TaskId, SdkAppId };
  return {
    TaskId,
    TrtcTaskId,
    UserId,
    RoomId,
    SdkAppId,
    described: async () => (await send("describe-ingest", named)).response,
    /** The stored row, without a call to TRTC. */
    row: async () =>
      (await app.database.query("select * from ingest where task_id = $1", [TaskId]))[0] ?? {},
    task: async () => (await app.truth.tasks()).find(({ taskId }) => taskId === TrtcTaskId),
    stop: () => send("stop-ingest", named),
  };
}

type Playing = Awaited<ReturnType<typeof playing>>;

/** Ends the task at TRTC without an event. The test sends the 702 itself. */
const endAtTrtc = ({ SdkAppId, TrtcTaskId }: Playing) =>
  app.services.trtc.call("StopStreamIngest", {
    target: { account: "cn", host: "emulator", region: "ap-guangzhou" },
    request: { SdkAppId, TaskId: TrtcTaskId },
    timeLeftMs: 5000,
  });

/** Makes the row look as if the start's answer were still under way. */
const asUnanswered = () =>
  app.database.query(
    "update ingest set state = 'starting', trtc_task_id = null, started_at = null, lease_until = $1",
    [addMs(clock.now(), 35 * SECOND_MS)],
  );

function reconcile() {
  const run = reconcileIngests(services, { timeLeftMs: timeLeft(clock, MINUTE_MS) });
  return clock.advanceUntilDone(run);
}

const unclaimed = () => app.database.query("select * from unclaimed_task order by trtc_task_id");

describe("the media's state", () => {
  test("is connecting before any callback, and then that of the callback, with its time", async () => {
    const ingest = await playing();
    expect(await ingest.described()).toMatchObject({ MediaState: "connecting" });
    for (const [status, MediaState] of [
      [1, "failed"],
      [2, "retrying"],
      [0, "playing"],
    ] as const) {
      await clock.advance(SECOND_MS);
      const at = clock.now();
      await tell(source(ingest.TrtcTaskId, status, at));
      const shown = { MediaState, MediaTime: at.toISOString(), State: "running" };
      expect(await ingest.described()).toMatchObject(shown);
      const { response } = await send("list-ingests", { RoomId: ingest.RoomId });
      expect(response["Ingests"]).toMatchObject([shown]);
    }
  });

  test("is the newest one, also when an older or the same callback comes later", async () => {
    const ingest = await playing();
    const at = (ms: number) => addMs(clock.now(), ms);
    const success = source(ingest.TrtcTaskId, 0, at(3));
    await tell(success);
    await tell(source(ingest.TrtcTaskId, 1, at(1)));
    await tell(source(ingest.TrtcTaskId, 2, at(2)));
    await tell(success);
    expect(await ingest.described()).toMatchObject({ MediaState: "playing" });
  });

  test("is that of the callback even if TRTC's clock is behind ours", async () => {
    const ingest = await playing();
    await tell(source(ingest.TrtcTaskId, 0, addMs(clock.now(), -MINUTE_MS)));
    expect(await ingest.described()).toMatchObject({ MediaState: "playing" });
  });

  test("is unknown when the application has no callbacks", async () => {
    const applications = new Map(app.services.config.applications);
    const { CallbackKeys: _, ...quiet } = applications.get(CN_APP) ?? {};
    const config = app.services.config as { applications: ReadonlyMap<number, unknown> };
    config.applications = new Map(applications).set(CN_APP, quiet as never);
    const ingest = await playing();
    config.applications = applications;
    expect(await ingest.described()).toMatchObject({ MediaState: null, MediaTime: null });
  });

  test("counts as news of the task, so that no check at TRTC follows", async () => {
    const ingest = await playing({}, 6 * MINUTE_MS);
    await tell(source(ingest.TrtcTaskId, 0, clock.now()));
    expect(await reconcile()).toMatchObject({ described: 0 });
    await clock.advance(6 * MINUTE_MS);
    expect(await reconcile()).toMatchObject({ described: 1 });
  });

  test("does not change by a callback of another application's task", async () => {
    const ingest = await playing();
    await tell(source(ingest.TrtcTaskId, 1, clock.now()), { sdkAppId: INTL_APP });
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()), { sdkAppId: INTL_APP });
    expect(await ingest.described()).toMatchObject({ State: "running", MediaState: "connecting" });
  });
});

describe("three failures within a minute", () => {
  const failures = async (ingest: { TrtcTaskId: string }, ...atSeconds: number[]) => {
    const startedAt = clock.now();
    for (const seconds of atSeconds) {
      await clock.advance(
        Math.max(0, seconds * SECOND_MS - (clock.now().getTime() - startedAt.getTime())),
      );
      await tell(source(ingest.TrtcTaskId, 1, addMs(startedAt, seconds * SECOND_MS)));
    }
  };

  test("end the ingest as failed at the next run of reconcile-ingests, and its task is stopped", async () => {
    const ingest = await playing();
    await failures(ingest, 0, 1, 3);
    expect(await ingest.described()).toMatchObject({ State: "running", MediaState: "failed" });
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 1 });
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
    expect(await ingest.task()).toMatchObject({ endReason: "stopped", stopCalls: 1 });
  });

  test("may be followed by a last attempt, for which an early run waits", async () => {
    const ingest = await playing();
    await failures(ingest, 0, 1, 2);
    await clock.advance(5 * SECOND_MS);
    expect(await reconcile()).toMatchObject({ stopped: 0 });
    await tell(source(ingest.TrtcTaskId, 0, clock.now()));
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 0 });
    expect(await ingest.row()).toMatchObject({ state: "running", media_state: "playing" });
  });

  test("and a fourth end it at once", async () => {
    const ingest = await playing();
    await failures(ingest, 0, 0.2, 1.4, 4.6);
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
    expect(await ingest.task()).toMatchObject({ endReason: "stopped", stopCalls: 1 });
  });

  test("do not count when the source has played since, also when some arrive later", async () => {
    const ingest = await playing();
    const at = clock.now();
    await failures(ingest, 0, 1);
    await tell(source(ingest.TrtcTaskId, 0, addMs(at, 4000)));
    await tell(source(ingest.TrtcTaskId, 2, addMs(at, 9000)));
    for (const ms of [2000, 3000]) await tell(source(ingest.TrtcTaskId, 1, addMs(at, ms)));
    await tell(source(ingest.TrtcTaskId, 1, addMs(at, 9000)));
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 0 });
    expect(await ingest.row()).toMatchObject({ media_failures: [addMs(at, 9000)] });
  });

  test("do not count when another StreamUrl was sent since, also when they arrive again", async () => {
    const ingest = await playing();
    const at = clock.now();
    await failures(ingest, 0, 1, 3);
    const { SdkAppId, TaskId } = ingest;
    await send("update-ingest", { SdkAppId, TaskId, StreamUrl: `${live.url}?key=again` });
    await tell(source(ingest.TrtcTaskId, 1, addMs(at, SECOND_MS)));
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 0 });
    expect(await ingest.row()).toMatchObject({ state: "running", media_failures: [] });
  });

  test("count when the volume was changed since", async () => {
    const ingest = await playing();
    await failures(ingest, 0, 1, 3);
    const { SdkAppId, TaskId } = ingest;
    await send("update-ingest", { SdkAppId, TaskId, Volume: 7 });
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 1 });
  });

  test("before the start's answer was stored end it as well", async () => {
    const ingest = await playing({}, 0);
    await asUnanswered();
    await failures(ingest, 0, 1, 3);
    await markRunning(ingest.TaskId, ingest.TrtcTaskId);
    await clock.advance(MINUTE_MS / 2);
    expect(await reconcile()).toMatchObject({ stopped: 1 });
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });

  test("that missed the answer end it in the second run after that", async () => {
    const ingest = await playing({}, 0);
    await app.database.query("update ingest set trtc_task_id = 'other'");
    await failures(ingest, 0, 1, 3);
    await app.database.query("update ingest set trtc_task_id = $1", [ingest.TrtcTaskId]);
    await reconcile();
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 1 });
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });

  test("and a success before the answer end nothing when a new attempt fails hours later", async () => {
    const ingest = await playing({ MaxDuration: 1440 }, 0);
    await asUnanswered();
    const at = clock.now();
    await failures(ingest, 0, 1, 3);
    await tell(source(ingest.TrtcTaskId, 0, addMs(at, 4000)));
    await markRunning(ingest.TaskId, ingest.TrtcTaskId);
    await clock.advance(MINUTE_MS / 2);
    await tell(source(ingest.TrtcTaskId, 2, clock.now()));
    await clock.advance(MINUTE_MS / 4);
    expect(await reconcile()).toMatchObject({ stopped: 0 });
    expect(await ingest.row()).toMatchObject({ state: "running", media_state: "retrying" });
  });

  test("that older code stored beside a success end nothing", async () => {
    const ingest = await playing();
    await failures(ingest, 0, 1, 3);
    await app.database.query("update ingest set media_state = 'playing', media_at = $1", [
      addMs(clock.now(), 1000),
    ]);
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 0 });
  });

  test("of a finite source before the answer, and then its end, make it failed, not finished", async () => {
    const ingest = await playing({ RepeatNum: 2 }, 0);
    await asUnanswered();
    await failures(ingest, 0, 1, 3);
    await markRunning(ingest.TaskId, ingest.TrtcTaskId);
    await endAtTrtc(ingest);
    await tell(taskEnded(ingest.TrtcTaskId, addMs(clock.now(), 3000)));
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });

  test("are not one failure that arrives three times", async () => {
    const ingest = await playing();
    const once = source(ingest.TrtcTaskId, 1, clock.now());
    for (let n = 0; n < 5; n += 1) await tell(once);
    expect(await ingest.described()).toMatchObject({ State: "running" });
  });

  test("are not failures from other minutes of the day", async () => {
    const ingest = await playing({ MaxDuration: 600 });
    for (let n = 0; n < 4; n += 1) {
      await clock.advance(31 * SECOND_MS);
      await tell(source(ingest.TrtcTaskId, 1, clock.now()));
    }
    expect(await ingest.described()).toMatchObject({ State: "running" });
  });

  test("with a stop that TRTC does not carry out leave the row due, and the timer stops it", async () => {
    const ingest = await playing();
    trtc.next("StopStreamIngest", "http-502");
    await failures(ingest, 0, 1, 2, 5);
    expect(await ingest.row()).toMatchObject({ state: "stopping", end_reason: "failed" });
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 1 });
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });

  test("of a finite source whose stop only the task's end answers make it failed, not finished", async () => {
    const ingest = await playing({ RepeatNum: 2 });
    trtc.next("StopStreamIngest", "lose-answer");
    await failures(ingest, 0, 1, 2, 5);
    expect(await ingest.row()).toMatchObject({ state: "stopping", end_reason: "failed" });
    await clock.advance(20 * SECOND_MS);
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });

  test("explain an end whose callback came before theirs", async () => {
    const ingest = await playing();
    await endAtTrtc(ingest);
    await tell(taskEnded(ingest.TrtcTaskId, addMs(clock.now(), 5000)));
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "lost" });
    await failures(ingest, 0, 1, 3);
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });

  test("are stopped by the next run when TRTC does not carry out the first stop", async () => {
    const ingest = await playing();
    await failures(ingest, 0, 1, 3);
    await clock.advance(MINUTE_MS);
    trtc.next("StopStreamIngest", "http-502");
    expect(await reconcile()).toMatchObject({ stopped: 0, refused: 1 });
    expect(await ingest.row()).toMatchObject({ state: "stopping", end_reason: "failed" });
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 1 });
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });

  test("do not explain a requested end", async () => {
    const ingest = await playing();
    await ingest.stop();
    await failures(ingest, 0, 1, 3);
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "stopped" });
  });
});

describe("the task's end (702)", () => {
  test.each([
    ["a finite source: finished", { RepeatNum: 2 }, "finished"],
    ["a loop before its deadline: lost", {}, "lost"],
  ])("that TRTC confirms, of %s", async (_, fields, reason) => {
    const ingest = await playing(fields);
    await endAtTrtc(ingest);
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(await ingest.row()).toMatchObject({
      state: "ended",
      end_reason: reason,
      ended_at: clock.now(),
      lease_until: null,
    });
  });

  test("that TRTC confirms, of a loop past its deadline, makes it expired", async () => {
    const ingest = await playing({ MaxDuration: 1 }, 2 * MINUTE_MS);
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "expired" });
  });

  test.each([
    ["once", 1, 0],
    ["several times", 3, 0],
    ["a minute late", 1, -MINUTE_MS],
    ["ahead of our clock", 1, 3000],
  ])(
    "in a callback %s of a task that plays leaves it running until its deadline",
    async (_, times, ms) => {
      const ingest = await playing();
      const { due_at: dueAt } = await ingest.row();
      for (let n = 0; n < times; n += 1) {
        await tell(taskEnded(ingest.TrtcTaskId, addMs(clock.now(), ms)));
      }
      expect(await ingest.row()).toMatchObject({
        state: "running",
        end_reason: null,
        due_at: dueAt,
        heard_at: clock.now(),
      });
      expect(await ingest.described()).toMatchObject({ Status: "InProgress" });
    },
  );

  test("of a task that still plays leaves the stop to expire-ingests at the deadline", async () => {
    const ingest = await playing({ RepeatNum: 2, MaxDuration: 2 });
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    await clock.advance(MINUTE_MS);
    const run = expireIngests(services, { timeLeftMs: timeLeft(clock, 2 * MINUTE_MS) });
    await clock.advanceUntilDone(run);
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "expired" });
    expect(await ingest.task()).toMatchObject({ endReason: "stopped" });
  });

  test.each(["http-502", "lose-answer", "lose-request"] as const)(
    "while TRTC does not answer (%s) leaves the row due, and reconcile-ingests checks it",
    async (kind) => {
      const ingest = await playing();
      await endAtTrtc(ingest);
      trtc.next("DescribeStreamIngest", kind);
      await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
      expect(await ingest.row()).toMatchObject({ state: "running", heard_at: null });
      trtc.next("DescribeStreamIngest");
      await clock.advance(SECOND_MS);
      expect(await reconcile()).toMatchObject({ gone: 1 });
      expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "lost" });
    },
  );

  test("of a task that still plays, before the start's answer, leads to a check, and the ingest runs", async () => {
    const ingest = await playing();
    await asUnanswered();
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    await app.database.query(
      "update ingest set state = 'running', trtc_task_id = $1, started_at = $2, lease_until = null",
      [ingest.TrtcTaskId, clock.now()],
    );
    await reconcile();
    expect(await reconcile()).toMatchObject({ gone: 0 });
    expect(await ingest.row()).toMatchObject({ state: "running" });
    await ingest.stop();
  });

  test("during a stop is left to that stop, and recorded if the stop dies", async () => {
    const ingest = await playing();
    trtc.next("StopStreamIngest", "lose-answer");
    await ingest.stop();
    expect(await ingest.row()).toMatchObject({ state: "stopping" });
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "stopping" });
    await clock.advance(20 * SECOND_MS);
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "stopped" });
  });

  test("of a task that still plays after a failed stop leaves the stop due", async () => {
    const ingest = await playing();
    trtc.next("StopStreamIngest", "http-502");
    await ingest.stop();
    await clock.advance(20 * SECOND_MS);
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "stopping" });
    await clock.advance(MINUTE_MS);
    expect(await reconcile()).toMatchObject({ stopped: 1 });
    expect(await ingest.task()).toMatchObject({ endReason: "stopped" });
  });

  test("removes the robot from the room first, when another of its tasks may be there", async () => {
    const ingest = await playing();
    await endAtTrtc(ingest);
    const lateStartUntil = addMs(clock.now(), MINUTE_MS);
    await app.database.query("update ingest set unsure_until = $1", [lateStartUntil]);
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(trtc.bodies("RemoveUserByStrRoomId").at(-1)).toMatchObject({ UserIds: [ingest.UserId] });
    expect(await ingest.row()).toMatchObject({ state: "ended" });
  });

  test("leads to a check by the next run of reconcile-ingests when the removal fails", async () => {
    const ingest = await playing();
    await endAtTrtc(ingest);
    await app.database.query("update ingest set unsure_until = $1", [
      addMs(clock.now(), MINUTE_MS),
    ]);
    trtc.next("RemoveUserByStrRoomId", "http-502");
    await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "running", heard_at: null });
    await clock.advance(SECOND_MS);
    expect(await reconcile()).toMatchObject({ gone: 1 });
  });
});

describe("a robot", () => {
  test("that has left leads to a check at once, which finds its task ended", async () => {
    const ingest = await playing();
    trtc.turn({ naturalEndSends702: false });
    await app.services.trtc.call("RemoveUserByStrRoomId", {
      target: { account: "cn", host: "emulator", region: "ap-guangzhou" },
      request: { SdkAppId: CN_APP, RoomId: ingest.RoomId, UserIds: [ingest.UserId] },
      timeLeftMs: 5000,
    });
    expect(await ingest.row()).toMatchObject({ state: "running" });
    await tell(left(ingest.RoomId, ingest.UserId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "lost" });
  });

  test("that has left while its task still plays leaves the ingest running", async () => {
    const ingest = await playing();
    await tell(left(ingest.RoomId, ingest.UserId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "running", heard_at: clock.now() });
  });

  test("that has left while TRTC does not answer is checked by the next run of reconcile-ingests", async () => {
    const ingest = await playing();
    trtc.next("DescribeStreamIngest", "http-502");
    await tell(left(ingest.RoomId, ingest.UserId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "running", heard_at: null });
    await clock.advance(SECOND_MS);
    expect(await reconcile()).toMatchObject({ described: 1 });
  });

  test("that has left is checked, also when older events arrive before the check", async () => {
    const ingest = await playing();
    trtc.next("DescribeStreamIngest", "http-502");
    await tell(left(ingest.RoomId, ingest.UserId, clock.now()));
    await tell(entered(ingest.RoomId, ingest.UserId, addMs(clock.now(), -5 * SECOND_MS)));
    await tell(source(ingest.TrtcTaskId, 0, addMs(clock.now(), -4 * SECOND_MS)));
    expect(await ingest.row()).toMatchObject({ state: "running", heard_at: null });
    await clock.advance(SECOND_MS);
    expect(await reconcile()).toMatchObject({ described: 1 });
  });

  test("of another room, application or name changes nothing", async () => {
    const ingest = await playing();
    const { row, RoomId, UserId } = ingest;
    const before = await row();
    await tell(left("elsewhere", UserId, clock.now()));
    await tell(left(RoomId, "somebody", clock.now()));
    await tell(left(RoomId, UserId, clock.now()), { sdkAppId: INTL_APP });
    expect(await row()).toEqual(before);
  });

  test("that appears while its start is unanswered has the start reconciled soon, and not too soon", async () => {
    const room = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0 };
    trtc.next("StartStreamIngest", "lose-answer");
    const named = { UserId: "our_robot", ClientToken: "our_token" };
    await send("start-ingest", { ...room, StreamUrl: live.url, RepeatNum: 1, ...named });
    // The row of an instance that was killed while it waited for the answer.
    const killedAt = clock.now();
    await app.database.query("update ingest set lease_until = $1, fence = 0", [
      addMs(killedAt, 35 * SECOND_MS),
    ]);
    const leaseUntil = async () =>
      (await app.database.query("select lease_until from ingest"))[0]?.["lease_until"];
    await tell(entered("elsewhere", "our_robot", killedAt));
    expect(await leaseUntil()).toEqual(addMs(killedAt, 35 * SECOND_MS));
    await tell(entered(room.RoomId, "our_robot", killedAt));
    // The call's own time limit and a margin. A slow answer has arrived by then.
    expect(await leaseUntil()).toEqual(addMs(killedAt, 4 * SECOND_MS));
    expect(await reconcile()).toMatchObject({ started: 0 });
    await clock.advance(4 * SECOND_MS);
    expect(await reconcile()).toMatchObject({ started: 1 });
    const tasks = await app.truth.tasks();
    const here = tasks.filter(({ roomId, state }) => roomId === room.RoomId && state !== "ended");
    expect(here).toHaveLength(1);
  });

  test("of an earlier ingest does not shorten this start's lease", async () => {
    const earlierAt = addMs(clock.now(), -50 * SECOND_MS);
    const ingest = await playing({ UserId: "news_robot" }, 0);
    await asUnanswered();
    const before = await ingest.row();
    await tell(entered(ingest.RoomId, "news_robot", earlierAt));
    expect(await ingest.row()).toEqual(before);
  });

  test("whose callback is late gives the answer its time from then on", async () => {
    const ingest = await playing({}, 0);
    const enteredAt = clock.now();
    await asUnanswered();
    await clock.advance(20 * SECOND_MS);
    await tell(entered(ingest.RoomId, ingest.UserId, enteredAt));
    expect(await ingest.row()).toMatchObject({ lease_until: addMs(clock.now(), 4 * SECOND_MS) });
  });

  test("that appears does not shorten the lease of a run that reconciles its start", async () => {
    trtc.next("StartStreamIngest", "lose-answer");
    const room = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0 };
    await send("start-ingest", { ...room, StreamUrl: live.url, RepeatNum: 1, UserId: "robot_2" });
    const claim = { at: clock.now(), leaseMs: 30 * SECOND_MS, limit: 1 };
    const [claimed] = await app.services.store.ingests.claimUnfinished(claim);
    await tell(entered(room.RoomId, "robot_2", clock.now()));
    const [row] = await app.database.query("select lease_until from ingest");
    expect(row?.["lease_until"]).toEqual(claimed?.leaseUntil);
  });
});

describe("a room that is dismissed", () => {
  test("has all its ingests stopped, at TRTC as well, and no others", async () => {
    const one = await playing();
    const two = await playing({ RoomId: one.RoomId });
    const elsewhere = await playing();
    const numeric = await playing({ RoomId: "4711", RoomIdType: 1 });
    await tell(dismissed(one.RoomId, clock.now()));
    for (const ingest of [one, two]) {
      expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "stopped" });
      expect(await ingest.task()).toMatchObject({ stopCalls: 1 });
    }
    for (const ingest of [elsewhere, numeric]) {
      expect(await ingest.row()).toMatchObject({ state: "running" });
    }
    await tell(dismissed(4711, clock.now()));
    expect(await numeric.row()).toMatchObject({ state: "ended" });
  });

  test("with digits as a text may be of either type, so its ingests are checked and not stopped", async () => {
    const numeric = await playing({ RoomId: "12345", RoomIdType: 1 });
    const text = await playing({ RoomId: "12345", RoomIdType: 0 });
    const gone = await playing({ RoomId: "12345", RoomIdType: 1 });
    await app.services.trtc.call("RemoveUser", {
      target: { account: "cn", host: "emulator", region: "ap-guangzhou" },
      request: { SdkAppId: CN_APP, RoomId: 12345, UserIds: [gone.UserId] },
      timeLeftMs: 5000,
    });
    const asked = trtc.calls("DescribeStreamIngest");
    await tell(dismissed("12345", clock.now()));
    expect(trtc.calls("DescribeStreamIngest")).toBe(asked + 3);
    for (const ingest of [numeric, text]) {
      expect(await ingest.row()).toMatchObject({ state: "running" });
      expect(await ingest.task()).toMatchObject({ state: "playing", stopCalls: 0 });
    }
    expect(await gone.row()).toMatchObject({ state: "ended", end_reason: "lost" });
  });

  test("with a number is never a string room", async () => {
    const text = await playing({ RoomId: "777", RoomIdType: 0 });
    await tell(dismissed(777, clock.now()));
    expect(await text.row()).toMatchObject({ state: "running" });
  });

  test("does not end ingests started since, also when its callback is late or repeated", async () => {
    const before = await playing();
    const closed = dismissed(before.RoomId, clock.now());
    await tell(closed);
    await clock.advance(SECOND_MS);
    const after = await playing({ RoomId: before.RoomId }, 0);
    await tell(closed);
    expect(await after.row()).toMatchObject({ state: "running" });
  });

  test("leads to a check of an ingest that began just before, without a stop", async () => {
    const young = await playing({}, 5 * SECOND_MS);
    await tell(dismissed(young.RoomId, clock.now()));
    expect(await young.row()).toMatchObject({ state: "running", heard_at: clock.now() });
    expect(await young.task()).toMatchObject({ state: "playing", stopCalls: 0 });
  });

  test.each([
    ["young enough to be after it", { RepeatNum: -1 }, 5 * SECOND_MS],
    ["in a room of either type", { RoomId: "54321" }, 20 * SECOND_MS],
  ])(
    "of an ingest %s, while TRTC does not answer, leads to a check by reconcile-ingests",
    async (...row) => {
      const [, fields, playsForMs] = row;
      const ingest = await playing(fields, playsForMs);
      await endAtTrtc(ingest);
      trtc.next("DescribeStreamIngest", "http-502");
      await tell(dismissed(ingest.RoomId, clock.now()));
      expect(await ingest.row()).toMatchObject({ state: "running", heard_at: null });
      await clock.advance(SECOND_MS);
      expect(await reconcile()).toMatchObject({ gone: 1 });
      expect(await ingest.row()).toMatchObject({ state: "ended" });
    },
  );

  test("that removes the robots ends their ingests as TRTC reports", async () => {
    const ingest = await playing();
    await app.services.trtc.call("RemoveUserByStrRoomId", {
      target: { account: "cn", host: "emulator", region: "ap-guangzhou" },
      request: { SdkAppId: CN_APP, RoomId: ingest.RoomId, UserIds: [ingest.UserId] },
      timeLeftMs: 5000,
    });
    await tell(dismissed(ingest.RoomId, clock.now()));
    expect(await ingest.row()).toMatchObject({ state: "ended", end_reason: "stopped" });
  });
});

describe("a task without an ingest", () => {
  test("is kept, and its callbacks apply to the ingest whose answer comes later", async () => {
    const at = clock.now();
    const ingest = await playing();
    await app.database.query("update ingest set state = 'starting', trtc_task_id = null");
    const trtcTaskId = nextRoom("late");
    await tell(source(trtcTaskId, 1, addMs(at, 1)));
    await tell(source(trtcTaskId, 0, addMs(at, 2)));
    expect(await unclaimed()).toMatchObject([{ trtc_task_id: trtcTaskId, media_state: "playing" }]);
    await markRunning(ingest.TaskId, trtcTaskId);
    expect(await ingest.row()).toMatchObject({
      state: "running",
      media_state: "playing",
      media_at: addMs(at, 2),
    });
    expect(await unclaimed()).toEqual([]);
  });

  test("whose end came before the answer is checked by the next run", async () => {
    const over = await playing();
    await over.stop();
    await app.database.query("delete from ingest");
    const ingest = await playing();
    await app.database.query("update ingest set state = 'starting', trtc_task_id = null");
    await tell(taskEnded(over.TrtcTaskId, clock.now()));
    await markRunning(ingest.TaskId, over.TrtcTaskId);
    expect(await ingest.row()).toMatchObject({ state: "running", heard_at: null });
    await clock.advance(SECOND_MS);
    expect(await reconcile()).toMatchObject({ gone: 1 });
  });

  test("stays kept when the answer no longer fits the row", async () => {
    const ingest = await playing();
    await tell(source("surplus", 0, clock.now()));
    const marked = await markRunning(ingest.TaskId, "surplus");
    expect(marked).toBeUndefined();
    expect(await unclaimed()).toHaveLength(1);
  });

  test("is assigned by the next run when event and answer missed each other", async () => {
    const ingest = await playing();
    const { trtc_task_id: own } = await ingest.row();
    await app.database.query("update ingest set trtc_task_id = 'other'");
    await tell(source(String(own), 0, clock.now()));
    await app.database.query("update ingest set trtc_task_id = $1", [own]);
    await reconcile();
    expect(await unclaimed()).toEqual([]);
    expect(await ingest.row()).toMatchObject({ state: "running", media_state: "playing" });
  });

  test("is counted after its answer can no longer come, until it ends", async () => {
    await tell(source("unclaimed", 0, clock.now()));
    await clock.advance(UNCLAIMED_AFTER_MS - 1);
    expect(await reconcile()).toMatchObject({ unclaimed: 0 });
    await clock.advance(1);
    expect(await reconcile()).toMatchObject({ unclaimed: 1, unclaimedStopped: 0 });
    await tell(taskEnded("unclaimed", clock.now()));
    expect(await reconcile()).toMatchObject({ unclaimed: 0 });
    // A failure from before the end arrives later. The ingest stays ended.
    await tell(source("unclaimed", 1, addMs(clock.now(), -1000)));
    expect(await reconcile()).toMatchObject({ unclaimed: 0 });
    await clock.advance(16 * MINUTE_MS);
    await reconcile();
    expect(await unclaimed()).toEqual([]);
  });

  describe("is stopped, when STOP_UNCLAIMED is on,", () => {
    const withStops = async <T>(work: () => Promise<T>): Promise<T> => {
      const config = app.services.config as { stopUnclaimed: boolean };
      config.stopUnclaimed = true;
      try {
        return await work();
      } finally {
        config.stopUnclaimed = false;
      }
    };

    /** A task that TRTC plays, without a row. */
    async function forgotten() {
      const ingest = await playing();
      await app.database.query("delete from ingest where task_id = $1", [ingest.TaskId]);
      await tell(source(ingest.TrtcTaskId, 0, clock.now()));
      return ingest;
    }

    test("after the grace of a slow answer, and not before", () =>
      withStops(async () => {
        const ingest = await forgotten();
        await clock.advance(UNCLAIMED_AFTER_MS - 1);
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 0 });
        expect(await ingest.task()).toMatchObject({ stopCalls: 0 });
        await clock.advance(1);
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 1 });
        expect(await ingest.task()).toMatchObject({ endReason: "stopped", stopCalls: 1 });
        expect(await reconcile()).toMatchObject({ unclaimed: 0, unclaimedStopped: 0 });
      }));

    test("and again by a later run if the stop failed", () =>
      withStops(async () => {
        const ingest = await forgotten();
        await clock.advance(UNCLAIMED_AFTER_MS);
        trtc.next("StopStreamIngest", "http-502");
        expect(await reconcile()).toMatchObject({ unclaimed: 1, unclaimedStopped: 0 });
        await clock.advance(MINUTE_MS);
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 1 });
        expect(await ingest.task()).toMatchObject({ endReason: "stopped" });
      }));

    test("also behind twenty that cannot be stopped", () =>
      withStops(async () => {
        const at = clock.now();
        for (let n = 0; n < 20; n += 1) {
          // The application is no longer configured.
          const task = { sdkAppId: 1499999999, trtcTaskId: `left-${n}` };
          await app.services.store.unclaimedTasks.keep({
            ...task,
            eventAt: at,
            at,
            media: "playing",
          });
        }
        const ingest = await forgotten();
        await clock.advance(UNCLAIMED_AFTER_MS);
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 0 });
        await clock.advance(MINUTE_MS);
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 1 });
        expect(await ingest.task()).toMatchObject({ endReason: "stopped" });
      }));

    test("except when an ingest has it", () =>
      withStops(async () => {
        const ingest = await playing();
        await app.database.query(
          `insert into unclaimed_task (sdk_app_id, trtc_task_id, first_seen_at, last_seen_at)
           values ($1, $2, $3, $3)`,
          [CN_APP, ingest.TrtcTaskId, addMs(clock.now(), -60 * MINUTE_MS)],
        );
        const { store } = app.services;
        const at = clock.now();
        const all = { at, seenBefore: at, askedBefore: at, limit: 10 };
        expect(await store.unclaimedTasks.take(all)).toEqual([]);
        expect(await reconcile()).toMatchObject({ unclaimed: 0, unclaimedStopped: 0 });
        expect(await ingest.task()).toMatchObject({ stopCalls: 0 });
      }));

    test("also after TRTC's end callback, when the task still plays", () =>
      withStops(async () => {
        const ingest = await forgotten();
        await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
        await clock.advance(UNCLAIMED_AFTER_MS);
        trtc.next("StopStreamIngest", "http-502");
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 0 });
        await clock.advance(MINUTE_MS);
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 1 });
        expect(await ingest.task()).toMatchObject({ endReason: "stopped", stopCalls: 1 });
        await clock.advance(MINUTE_MS);
        expect(await reconcile()).toMatchObject({ unclaimed: 0, unclaimedStopped: 0 });
      }));

    test("also after TRTC's end callback that follows a failed stop", () =>
      withStops(async () => {
        const ingest = await forgotten();
        await clock.advance(UNCLAIMED_AFTER_MS);
        trtc.next("StopStreamIngest", "http-502");
        expect(await reconcile()).toMatchObject({ unclaimedStopped: 0 });

        await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
        await clock.advance(MINUTE_MS);

        expect(await reconcile()).toMatchObject({ unclaimedStopped: 1 });
        expect(await ingest.task()).toMatchObject({ endReason: "stopped", stopCalls: 1 });
        await tell(taskEnded(ingest.TrtcTaskId, clock.now()));
        await clock.advance(MINUTE_MS);
        expect(await reconcile()).toMatchObject({ unclaimed: 0, unclaimedStopped: 0 });
      }));

    test("is not stopped, when STOP_UNCLAIMED is off", async () => {
      const ingest = await forgotten();
      await clock.advance(2 * UNCLAIMED_AFTER_MS);
      expect(await reconcile()).toMatchObject({ unclaimed: 1, unclaimedStopped: 0 });
      expect(await ingest.task()).toMatchObject({ stopCalls: 0 });
    });
  });
});

function markRunning(taskId: string, trtcTaskId: string) {
  const startedAt = clock.now();
  const times = {
    startedAt,
    deadlineAt: addMs(startedAt, MINUTE_MS),
    latestAt: addMs(startedAt, MINUTE_MS),
  };
  return app.services.store.ingests.markRunning({ taskId, fence: 0, trtcTaskId, ...times });
}
