/** Where the task cannot be taken over, the loser leaves first: never are two robots in the room. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { openRoom, type Planned, type Room } from "./room.js";
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

const STOPS = { overlapPolicy: "StopOther" as const };

async function both(first: Partial<Planned>, second: Partial<Planned>) {
  const one = await room.plan("first", { startsIn: 5, lastsFor: 1200, ...first });
  const other = await room.plan("second", { startsIn: 20, lastsFor: 600, ...STOPS, ...second });
  await ours.pass(10);
  return { first: one, second: other };
}

type Both = Awaited<ReturnType<typeof both>>;

async function expectOneAfterTheOther({ first, second }: Both, played: string[][]) {
  expect(await room.played()).toEqual(played);
  expect(await room.robotsAtOnce()).toBe(1);
  expect(await second.row()).toMatchObject({ state: "running" });
  expect(await first.row()).toMatchObject({
    state: "ended",
    endReason: "stopped",
    endCause: "cut",
    occurrence: { cut: { reason: "Overlap", by: second.taskId } },
  });
}

const ONE_EACH = [["first"], ["second"]];

test.each<[string, Partial<Planned>, Partial<Planned>]>([
  ["the winner has a UserId of its caller", {}, { ingest: { UserId: "dj-1" } }],
  ["the loser has a UserId of its caller", { ingest: { UserId: "dj-2" } }, {}],
  ["no update can set the winner's IdleTimeout", {}, { ingest: { IdleTimeout: 60 } }],
  ["no update seeks", {}, { ingest: { SeekSecond: 2 } }],
  [
    "the winner outlasts the task, and no fresh one may follow",
    { lastsFor: 120 },
    {
      ingest: {
        KeepAlive: false,
        StreamUrl: undefined,
        Playlist: [{ StreamUrl: "second", PlaySeconds: 3600 }],
      },
    },
  ],
])("%s", async (_, one, other) => {
  const ingest = JSON.parse(
    JSON.stringify(other.ingest ?? {}).replace('"second"', `"${ours.app.clip}?second"`),
  ) as object;
  const isList = "Playlist" in ingest;
  const rows = await both(one, {
    ...other,
    ingest: { ...ingest, ...(isList && { StreamUrl: undefined }) },
  });

  await ours.pass(20);

  await expectOneAfterTheOther(rows, ONE_EACH);
  const { startedAt, startsAt } = await rows.second.row();
  expect(startedAt).toEqual(startsAt);
});

test("the loser is paused", async () => {
  const rows = await both({}, {});
  await ours.post("update-ingest", { ...rows.first.named, IsPause: true });

  await ours.pass(20);

  await expectOneAfterTheOther(rows, ONE_EACH);
});

test("another caller has the loser, and its place of MaxIngests is its own", async () => {
  const rows = await both({ callerId: "bound" }, {});

  await ours.pass(20);

  await expectOneAfterTheOther(rows, ONE_EACH);
});

describe("another instance works on the loser", () => {
  test("for a moment: its task is taken over then", async () => {
    const { first, second } = await both({}, {});
    const at = ours.clock.now();
    const { startsAt } = await second.row();
    const leaseUntil = addMs(startsAt ?? at, SECOND_MS);
    await ours.services.store.ingests.takeUpdateTurn({
      taskId: first.taskId,
      sequence: undefined,
      at,
      leaseUntil,
    });

    await ours.pass(20);

    expect(await room.played()).toEqual([["first", "second"]]);
  });

  test("for long: it is stopped", async () => {
    const rows = await both({}, {});
    const at = ours.clock.now();
    const leaseUntil = addMs(at, 60 * SECOND_MS);
    const { taskId } = rows.first;
    await ours.services.store.ingests.takeUpdateTurn({
      taskId,
      sequence: undefined,
      at,
      leaseUntil,
    });

    await ours.pass(30);

    await expectOneAfterTheOther(rows, ONE_EACH);
  });
});

describe("the loser's start is under way", () => {
  test("and is not answered: its robot leaves, and the winner starts then", async () => {
    await room.plan("first", { startsIn: 5, lastsFor: 1200 });
    const second = await room.plan("second", { startsIn: 6, lastsFor: 600, ...STOPS });
    ours.trtc.next("StartStreamIngest", "lose-answer");

    await ours.pass(30);
    const repair = ours.startRun(reconcileIngests, 60);
    await ours.pass(60);
    await ours.clock.advanceUntilDone(repair);

    expect(await second.row()).toMatchObject({ state: "running" });
    expect(await room.robotsAtOnce()).toBe(1);
    expect((await room.played()).at(-1)).toEqual(["second"]);
  });
});

describe("an end that is disturbed", () => {
  test("by the death of the instance that asked for it is carried out by another one", async () => {
    const rows = await both({}, { ingest: { UserId: "dj-3" } });
    const { first, second } = rows;
    const cut = { reason: "Overlap" as const, by: second.taskId };
    const at = addMs((await second.row()).startsAt ?? new Date(0), -SECOND_MS);
    await ours.services.store.overlap.askCut({ taskId: first.taskId, at, cut });

    await ours.pass(20);

    await expectOneAfterTheOther(rows, ONE_EACH);
  });

  test("by TRTC's refusal lets the winner wait, and is tried again", async () => {
    const rows = await both({}, { ingest: { UserId: "dj-4" } });
    ours.app.emulator.faults.add({
      action: "StopStreamIngest",
      kind: "error",
      code: "InternalError",
      times: 3,
    });

    const expiry = ours.startRun(expireIngests, 100);
    await ours.pass(60);
    await ours.clock.advanceUntilDone(expiry);

    await expectOneAfterTheOther(rows, ONE_EACH);
  });
});

test("several losers: all leave, and the winner plays", async () => {
  const first = await room.plan("first", { startsIn: 5, lastsFor: 1200 });
  await ours.pass(10);
  const other = await room.plan("other", { startsIn: 30, lastsFor: 1200 });
  await ours.app.database.query(
    "update ingest set occurrence = null where task_id = $1 and state = 'running'",
    [first.taskId],
  );
  await ours.pass(30);
  await ours.app.database.query("update ingest set occurrence = $1 where task_id = $2", [
    JSON.stringify((await other.row()).occurrence),
    first.taskId,
  ]);
  const second = await room.plan("second", { startsIn: 5, lastsFor: 600, priority: 1 });

  await ours.pass(20);

  expect((await room.tasks()).filter(({ state }) => state === "playing")).toHaveLength(1);
  expect(await second.row()).toMatchObject({ state: "running" });
  for (const { row } of [first, other]) expect(await row()).toMatchObject({ endCause: "cut" });
});

test("a takeover by three instances at once happens once", async () => {
  const { first, second } = await both({}, {});
  const runs = [0, 1, 2].map(() => ours.startRun(advanceIngests));

  await ours.clock.advance(20 * SECOND_MS);
  await ours.clock.advanceUntilDone(Promise.all(runs));

  expect(await room.played()).toEqual([["first", "second"]]);
  expect(await second.row()).toMatchObject({ state: "running" });
  expect(await first.row()).toMatchObject({ state: "ended" });
});
