/** A call that another call overtakes reports the ingest's real state, not its own intention. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { Services } from "../../shared/ingest/services.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { reconcileIngests } from "../../shared/ingest/reconcile/reconcile.js";
import { startIngest } from "../../shared/ingest/start/start.js";
import { callInSlot } from "../../shared/ingest/trtc-call.js";
import { endGone } from "../../shared/ingest/stop/end-gone.js";
import { updateIngest } from "../../shared/ingest/update/update.js";
import type { TrtcAction } from "../../shared/trtc/client.js";
import { CN_APP, type TestApp, SECRET_ID } from "../support/app/test-app.js";
import type { ManualClock } from "../support/app/manual-clock.js";
import { startLiveApp, timeLeft } from "../support/app/timed-app.js";
import type { RtmpServer } from "../support/media/rtmp-server.js";

let clock: ManualClock;
let app: TestApp;
let services: Services;
let live: RtmpServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ clock, app, services, live, close } = await startLiveApp());
});
beforeEach(() => app.database.query("delete from ingest"));
afterAll(() => close());

function call<R extends object>(request: R, seconds = 30) {
  const caller = app.services.config.callers.get(SECRET_ID);
  if (!caller) throw new Error("there is no caller");
  const application = app.services.config.applications.get(CN_APP);
  if (!application) throw new Error("there is no application");
  return { caller, request, application, timeLeftMs: timeLeft(clock, seconds * SECOND_MS) };
}

const startOf = (RoomId: string) => ({
  SdkAppId: CN_APP,
  RoomId,
  RoomIdType: 0 as const,
  StreamUrl: app.clip,
  RepeatNum: -1,
  ClientToken: RoomId,
});

/** The same services, with a hook just before or after a call to TRTC. */
const around = (
  chosen: TrtcAction,
  { before, after }: { before?: () => Promise<unknown>; after?: () => Promise<unknown> },
): Services => ({
  ...services,
  trtc: {
    ...services.trtc,
    async call(action, options) {
      if (action === chosen) await before?.();
      const answer = await services.trtc.call(action, options);
      if (action === chosen) await after?.();
      return answer;
    },
  },
});

/** Ends the task without a word to the row. */
const stopAtTrtc = ({ account, trtcTaskId }: Ingest) =>
  services.trtc.call("StopStreamIngest", {
    target: { account, host: "emulator", region: "ap-guangzhou" },
    request: { SdkAppId: CN_APP, TaskId: trtcTaskId ?? "" },
    timeLeftMs: 5000,
  });

const reconcile = () => reconcileIngests(services, { timeLeftMs: () => MINUTE_MS });

describe("a start", () => {
  test("holds its lease longer than its function may run, even after a slow connection", async () => {
    const slow = { ...services, store: { ...services.store, ready: () => clock.sleep(11_900) } };
    const endsAt = addMs(clock.now(), 30 * SECOND_MS);
    let leaseUntil: Date | undefined;
    const seen = around("StartStreamIngest", {
      async before() {
        const [row] = await app.database.query("select lease_until from ingest");
        leaseUntil = row?.["lease_until"] as Date;
      },
    });
    await clock.advanceUntilDone(startIngest({ ...slow, trtc: seen.trtc }, call(startOf("slow"))));
    expect(leaseUntil?.getTime()).toBeGreaterThan(endsAt.getTime());
  });

  test("that another instance finished meanwhile is answered with the running ingest", async () => {
    const overtaken = around("StartStreamIngest", {
      async before() {
        await app.database.query("update ingest set lease_until = $1", [addMs(clock.now(), -1)]);
        await reconcile();
      },
    });
    const starting = startIngest(overtaken, call(startOf("overtaken")));
    const answer = await clock.advanceUntilDone(starting);
    const [row] = await app.database.query("select state, trtc_task_id from ingest");
    expect(row).toEqual({ state: "running", trtc_task_id: answer.TrtcTaskId });
    const live = (await app.truth.tasks()).filter(({ roomId }) => roomId === "overtaken");
    expect(live.map(({ state }) => state)).toEqual(["playing"]);
  });
});

test("a call of a frozen instance is not made when its time is over at its slot", async () => {
  const slot = { msUntil: () => slotAt.getTime() - clock.now().getTime() };
  const slotAt = addMs(clock.now(), 50);
  const endsAt = addMs(clock.now(), 10 * SECOND_MS);
  const calls = app.trtc.calls("DescribeStreamIngest");
  // The clock jumps during the sleep, and the call still believes in its slot.
  const frozen: Services = {
    ...services,
    clock: { ...services.clock, sleep: () => clock.advance(20 * SECOND_MS) },
  };
  const awake = { msUntil: () => Math.max(0, slot.msUntil()) };
  const asking = callInSlot(frozen, "DescribeStreamIngest", {
    ingest: { account: "cn", site: "cn", region: "ap-guangzhou" },
    request: { SdkAppId: CN_APP, TaskId: "x" },
    slot: awake,
    timeLeftMs: () => endsAt.getTime() - clock.now().getTime(),
  });
  await expect(asking).rejects.toMatchObject({ code: "RequestLimitExceeded" });
  expect(app.trtc.calls("DescribeStreamIngest")).toBe(calls);
});

test("the end of a task that another instance has handled removes no robot", async () => {
  const { TaskId } = await clock.advanceUntilDone(startIngest(services, call(startOf("twice"))));
  await app.database.query("update ingest set unsure_until = $1", [addMs(clock.now(), MINUTE_MS)]);
  const before = await services.store.ingests.read(TaskId);
  if (!before) throw new Error("there is no row");
  // The other instance has started the same robot again.
  await app.database.query("update ingest set fence = fence + 1");
  const removals = app.trtc.calls("RemoveUserByStrRoomId");

  const after = await clock.advanceUntilDone(endGone(services, before, () => 30_000));

  expect(after).toMatchObject({ state: "running", fence: before.fence + 1 });
  expect(app.trtc.calls("RemoveUserByStrRoomId")).toBe(removals);
});

test("two events of one end at once start the ingest again once, and remove its robot only before", async () => {
  const keptAlive = { ...startOf("both"), KeepAlive: true, RepeatNum: 1, StreamUrl: live.url };
  const { TaskId } = await clock.advanceUntilDone(startIngest(services, call(keptAlive)));
  await app.database.query("update ingest set unsure_until = $1", [addMs(clock.now(), MINUTE_MS)]);
  const before = await services.store.ingests.read(TaskId);
  if (!before) throw new Error("there is no row");
  await stopAtTrtc(before);
  const removals = app.trtc.calls("RemoveUserByStrRoomId");
  let first: Promise<unknown> | undefined;
  // The second has read the row, and waits for the slot of its removal.
  const second = around("RemoveUserByStrRoomId", {
    before: () => (first = endGone(services, before, () => 30_000)),
  });

  const after = await clock.advanceUntilDone(endGone(second, before, () => 30_000));

  expect(first).toBeDefined();
  expect(app.trtc.calls("RemoveUserByStrRoomId")).toBe(removals + 1);
  expect(after).toMatchObject({ state: "running", onAir: { restarts: 1 } });
  const tasks = (await app.truth.tasks()).filter(({ roomId }) => roomId === "both");
  expect(tasks.map(({ taskId, state }) => [taskId, state])).toEqual([
    [before.trtcTaskId, "ended"],
    [after.trtcTaskId, "playing"],
  ]);
});

describe("an update", () => {
  test("of an ingest that was stopped meanwhile is no success", async () => {
    const { TaskId } = await clock.advanceUntilDone(startIngest(services, call(startOf("cut"))));
    const cut = around("UpdateStreamIngest", {
      after: () => app.post("stop-ingest", { SdkAppId: CN_APP, TaskId }),
    });
    const StopTime = addMs(clock.now(), 5 * MINUTE_MS).toISOString();
    const updating = updateIngest(cut, call({ SdkAppId: CN_APP, TaskId, Volume: 50, StopTime }));
    await expect(clock.advanceUntilDone(updating)).rejects.toMatchObject({
      code: "FailedOperation.TaskNotExist",
    });
  });

  test("of a missing task whose robot cannot be removed yet may be retried", async () => {
    const { TaskId } = await clock.advanceUntilDone(startIngest(services, call(startOf("gone"))));
    await app.database.query("update ingest set unsure_until = $1", [
      addMs(clock.now(), MINUTE_MS),
    ]);
    const row = await services.store.ingests.read(TaskId);
    if (row) await stopAtTrtc(row);
    const update = () =>
      clock.advanceUntilDone(
        updateIngest(services, call({ SdkAppId: CN_APP, TaskId, Volume: 50 })),
      );
    app.trtc.next("RemoveUserByStrRoomId", "http-502");
    await expect(update()).rejects.toMatchObject({ code: "ResourceInUse", retry: true });
    expect(await update()).toMatchObject({ Status: "NotExist" });
  });
});
