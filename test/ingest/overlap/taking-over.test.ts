/** An occurrence takes the task of another one over: the robot stays, and plays the new source. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { SECOND_MS } from "../../../shared/clock.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { openRoom, type Planned, type Room } from "./room.js";
import { SITE_FACTS } from "../../../shared/contract/sites.js";
import { CN_APP } from "../../support/app/test-app.js";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";

let ours: ScheduledApp;
let room: Room;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(async () => {
  await ours.clear();
  room = openRoom(ours);
});
afterAll(() => ours.app.close());

/** `first` starts after 5 s and `second` after 20 s. TRTC's cap of the first lets the second end. */
async function both(first: Partial<Planned>, second: Partial<Planned>) {
  const one = await room.plan("first", { startsIn: 5, lastsFor: 1200, ...first });
  const other = await room.plan("second", { startsIn: 20, lastsFor: 600, ...second });
  await ours.pass(10);
  return { first: one, second: other };
}

const eventsOf = async (taskId: string): Promise<string[]> => {
  const rows = await ours.app.database.query(
    "select type from outbox where task_id = $1 order by position",
    [taskId],
  );
  return rows.map(({ type }) => String(type));
};

describe("the winner", () => {
  test.each<[string, Partial<Planned>, Partial<Planned>]>([
    ["has the higher priority", { overlapPolicy: "Skip" }, { priority: 1, overlapPolicy: "Skip" }],
    ["stops others", {}, { overlapPolicy: "StopOther" }],
  ])("that %s plays in the same task with the same robot", async (_, one, other) => {
    const { first, second } = await both(one, other);
    const before = await first.row();

    await ours.pass(20);

    expect(await room.played()).toEqual([["first", "second"]]);
    const after = await second.row();
    expect(after).toMatchObject({
      state: "running",
      trtcTaskId: before.trtcTaskId,
      robotUserId: before.robotUserId,
      startedAt: after.startsAt,
    });
    expect(await first.row()).toMatchObject({
      state: "ended",
      endReason: "stopped",
      endCause: "cut",
      endedAt: after.startsAt,
      trtcTaskId: null,
      occurrence: { cut: { by: second.taskId } },
    });
    expect(ours.trtc.calls("StopStreamIngest")).toBe(0);
  });

  test("says in both rows what has happened, and both send their events", async () => {
    const { first, second } = await both({}, { priority: 1 });

    await ours.pass(20);

    const { EndDetail } = await first.describeIngest();
    const at = String((await second.describeIngest())["StartTime"]);
    expect(EndDetail).toBe(
      `The occurrence ${second.taskId} took its place in the room at ${at}, because its Priority is higher.`,
    );
    expect(await eventsOf(first.taskId)).toEqual([
      "ingest.scheduled",
      "ingest.started",
      "ingest.ended",
    ]);
    expect(await eventsOf(second.taskId)).toEqual(["ingest.scheduled", "ingest.started"]);
  });

  test("has its own deadline", async () => {
    const { second } = await both({ lastsFor: 150 }, { lastsFor: 100, overlapPolicy: "StopOther" });

    await ours.pass(80);
    expect(await second.row()).toMatchObject({ state: "running" });
    const expiry = ours.startRun(expireIngests, 120);
    await ours.pass(60);
    await ours.clock.advanceUntilDone(expiry);

    const { endReason, endedAt, deadlineAt, startsAt } = await second.row();
    expect({ endReason, endedAt }).toEqual({ endReason: "expired", endedAt: deadlineAt });
    expect(deadlineAt.getTime() - (startsAt?.getTime() ?? 0)).toBe(100 * SECOND_MS);
    expect((await room.tasks())[0]?.endedAt).toBe(deadlineAt.toISOString());
  });

  test("plays its list, and the item before does not come back", async () => {
    const list = (name: string) => ({
      StreamUrl: undefined,
      Playlist: [0, 1, 2, 3].map((index) => ({
        StreamUrl: `${ours.app.clip}?${name}${index}`,
        PlaySeconds: 10,
      })),
      PlaylistRepeatNum: -1,
    });
    const { second } = await both(
      { ingest: list("a") },
      { ingest: list("b"), overlapPolicy: "StopOther" },
    );

    await ours.pass(40);

    const [names] = await room.played();
    expect(names).toEqual(["a0", "a1", "b0", "b1", "b2", "b3"]);
    expect(await second.describeIngest()).toMatchObject({ Item: { Index: 3 }, Round: 0 });
  });

  test("brings its loudness and its tempo, and takes back those of the one before", async () => {
    await both(
      { ingest: { Volume: 20, Tempo: 2, EnableProgress: true } },
      { priority: 1, ingest: { Volume: 60 } },
    );

    await ours.pass(20);

    const [update] = ours.trtc.bodies("UpdateStreamIngest").slice(-1);
    expect(update).toMatchObject({ Volume: 60, Tempo: 1, EnableProgress: false });
  });

  test("rolls over to a fresh task, where TRTC's cap of the one before comes too soon", async () => {
    const long = { lastsFor: 3 * 3600, overlapPolicy: "StopOther" as const };
    const { second } = await both({ lastsFor: 120 }, long);

    await ours.pass(160);

    expect(await second.row()).toMatchObject({
      state: "running",
      onAir: { restarts: 0, rolledOver: 1 },
    });
    expect(await room.played()).toEqual([["first", "second"], ["second"]]);
    expect((await room.tasks()).filter(({ state }) => state === "playing")).toHaveLength(1);
  });
});

describe("a takeover that is disturbed", () => {
  test("by the death of its instance after its transaction is completed by another one", async () => {
    const { first, second } = await both({}, { overlapPolicy: "StopOther" });
    const { store } = ours.services;
    const [other, mine] = [await first.row(), await second.row()];
    await ours.clock.advance(10 * SECOND_MS);
    const at = ours.clock.now();
    const onAir = other.onAir;
    if (!onAir || !mine.programme) throw new Error("there is no programme");
    const taken = await store.overlap.takeOver({
      winner: mine,
      loser: other,
      reason: "Overlap",
      programme: { ...mine.programme, anchor: { ...mine.programme.anchor, at: at.toISOString() } },
      onAir: { ...onAir, since: at.toISOString(), due: "update", sendsAll: true },
      streamUrl: mine.play.StreamUrl,
      latestAt: mine.latestAt,
      at,
      leaseMs: 10 * SECOND_MS,
    });
    expect(taken).toMatchObject({ state: "running" });
    expect(await room.played()).toEqual([["first"]]);

    await ours.pass(30);

    expect(await room.played()).toEqual([["first", "second"]]);
    expect((await second.row()).onAir).not.toHaveProperty("due");
  });

  test("by a lost answer of TRTC is repeated", async () => {
    const { second } = await both({}, { overlapPolicy: "StopOther" });
    ours.trtc.next("UpdateStreamIngest", "hang");

    await ours.pass(30);

    expect(await second.row()).toMatchObject({ state: "running", onAir: { failed: {} } });
    expect((await room.played())[0]?.at(-1)).toBe("second");
    expect(await room.tasks()).toHaveLength(1);
  });

  test("by a source that TRTC refuses changes to its backup", async () => {
    const { second } = await both(
      {},
      {
        overlapPolicy: "StopOther",
        ingest: { BackupStreamUrl: `${ours.app.clip}?backup`, Volume: 30 },
      },
    );
    const code = "InvalidParameter.StreamUrl";
    ours.app.emulator.faults.add({ action: "UpdateStreamIngest", kind: "error", code, times: 1 });

    await ours.pass(30);

    expect((await room.played())[0]).toEqual(["first", "backup"]);
    expect(await second.row()).toMatchObject({ state: "running", onAir: { source: "backup" } });
    expect(ours.trtc.bodies("UpdateStreamIngest").at(-1)).toMatchObject({ Volume: 30 });
  });

  test("by a task that TRTC has lost is started anew", async () => {
    const { first, second } = await both({}, { overlapPolicy: "StopOther" });
    const { trtcTaskId, account, region, site } = await first.row();
    await ours.services.trtc.call("StopStreamIngest", {
      target: { account, region, host: SITE_FACTS[site].host },
      request: { SdkAppId: CN_APP, TaskId: trtcTaskId ?? "" },
      timeLeftMs: 5000,
    });

    await ours.pass(40);

    expect((await room.played()).at(-1)).toEqual(["second"]);
    expect(await second.row()).toMatchObject({ state: "running" });
    expect(await room.robotsAtOnce()).toBe(1);
  });
});

test("the place of MaxIngests moves with the task", async () => {
  const bound = { callerId: "bound" };
  const { second } = await both(bound, { ...bound, overlapPolicy: "StopOther" });

  await ours.pass(20);

  expect(await room.played()).toEqual([["first", "second"]]);
  const places = await ours.app.database.query("select task_id from caller_place");
  expect(places).toEqual([{ task_id: second.taskId }]);
});

test("an ingest without an occurrence is left alone", async () => {
  const { SdkAppId } = ours.request();
  const StreamUrl = `${ours.app.clip}?plain`;
  const plain = { SdkAppId, RoomId: room.roomId, RoomIdType: 0, StreamUrl, RepeatNum: -1 };
  const { response } = await ours.post("start-ingest", plain);
  expect(response.Error).toBeUndefined();
  await room.plan("first", { startsIn: 5, lastsFor: 600, priority: 100 });

  await ours.pass(20);

  expect((await room.played()).flat().sort()).toEqual(["first", "plain"]);
  expect((await room.tasks()).every(({ state }) => state === "playing")).toBe(true);
});
