/** An occurrence that gives way to another one in its room: it is skipped, or the other one lasts longer. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
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

const SKIPPED = { state: "ended", endReason: "stopped", endCause: "cut", startedAt: null };

async function both(first: Partial<Planned>, second: Partial<Planned>) {
  const one = await room.plan("first", { startsIn: 5, lastsFor: 600, ...first });
  const other = await room.plan("second", { startsIn: 20, lastsFor: 600, ...second });
  await ours.pass(10);
  return { first: one, second: other };
}

describe("the later one is skipped", () => {
  test.each<[string, Partial<Planned>, Partial<Planned>, string]>([
    ["by its own policy", {}, { overlapPolicy: "Skip" }, "Overlap"],
    [
      "where the other one has the higher priority",
      { priority: 5 },
      { priority: 4, overlapPolicy: "StopOther" },
      "LowerPriority",
    ],
  ])("%s", async (_, one, other, reason) => {
    const { first, second } = await both(one, other);

    await ours.pass(20);

    expect(await room.played()).toEqual([["first"]]);
    expect(await first.row()).toMatchObject({ state: "running" });
    expect(await second.row()).toMatchObject({
      ...SKIPPED,
      occurrence: { cut: { reason, by: first.taskId } },
    });
    const { EndDetail } = await second.describeIngest();
    expect(EndDetail).toContain(`The occurrence ${first.taskId} has the room at this time`);
  });

  test("and starts where the other one ends at its start", async () => {
    const { second } = await both({ lastsFor: 15 }, { overlapPolicy: "Skip" });

    const expiry = ours.startRun(expireIngests, 60);
    await ours.pass(20);
    await ours.clock.advanceUntilDone(expiry);

    expect(await second.row()).toMatchObject({ state: "running" });
    expect(await room.played()).toEqual([["first"], ["second"]]);
  });
});

describe("the earlier one that has not begun", () => {
  test("is skipped by a higher priority", async () => {
    ours.app.emulator.faults.add({
      action: "StartStreamIngest",
      kind: "error",
      code: "ResourceInsufficient.RequestRejection",
      times: 6,
    });
    const { first, second } = await both({}, { priority: 1 });
    expect(await first.row()).toMatchObject({ state: "starting" });

    await ours.pass(40);

    expect(await room.played()).toEqual([["second"]]);
    expect(await first.row()).toMatchObject({
      ...SKIPPED,
      occurrence: { cut: { reason: "LowerPriority", by: second.taskId } },
    });
  });
});

describe("Extend", () => {
  const EXTEND = { overlapPolicy: "Extend" as const };

  test("moves the end of the earlier one to the later of both ends", async () => {
    const { first, second } = await both({ lastsFor: 60 }, { ...EXTEND, lastsFor: 90 });
    const end = (await second.row()).deadlineAt;

    await ours.pass(20);

    expect(await first.row()).toMatchObject({ state: "running", deadlineAt: end });
    expect(await second.row()).toMatchObject({
      ...SKIPPED,
      occurrence: { cut: { reason: "Extended", by: first.taskId, until: end.toISOString() } },
    });
    expect((await second.describeIngest())["EndDetail"]).toBe(
      `The occurrence ${first.taskId} plays on in its room until the end of this one (OverlapPolicy Extend).`,
    );
    await ours.pass(70);
    expect(await first.row()).toMatchObject({ state: "running" });
  });

  test("keeps a later end of the earlier one", async () => {
    const { first } = await both({ lastsFor: 600 }, { ...EXTEND, lastsFor: 60 });
    const end = (await first.row()).deadlineAt;

    await ours.pass(20);

    expect((await first.row()).deadlineAt).toEqual(end);
  });

  test("goes past TRTC's cap by a fresh task, where KeepAlive is on", async () => {
    const { first } = await both({ lastsFor: 60 }, { ...EXTEND, lastsFor: 600 });

    await ours.pass(120);

    expect(await first.row()).toMatchObject({ state: "running", onAir: { rolledOver: 1 } });
    expect((await room.tasks()).filter(({ state }) => state === "playing")).toHaveLength(1);
  });

  test("goes as far as the ingest may last without KeepAlive, and says so", async () => {
    const ingest = {
      KeepAlive: false,
      StreamUrl: undefined,
      Playlist: [{ StreamUrl: `${ours.app.clip}?first`, PlaySeconds: 3600 }],
    };
    const { first, second } = await both({ lastsFor: 60, ingest }, { ...EXTEND, lastsFor: 600 });
    const { latestAt } = await first.row();

    await ours.pass(20);

    expect((await first.row()).deadlineAt).toEqual(latestAt);
    expect((await second.describeIngest())["EndDetail"]).toBe(
      `The occurrence ${first.taskId} plays on in its room (OverlapPolicy Extend), but only until ${latestAt.toISOString()}, because it may not last longer.`,
    );
  });
});

describe("equal starts", () => {
  const AT_ONCE = { startsIn: 8, lastsFor: 300 };

  test.each([1, 2, 3])("exactly one plays, by %d instances at once", async (instances) => {
    const names = ["a", "b", "c"];
    const planned = [];
    for (const name of names) planned.push(await room.plan(name, AT_ONCE));
    const runs = Array.from({ length: instances }, () => ours.startRun(advanceIngests));

    await ours.clock.advance(20 * SECOND_MS);
    await ours.clock.advanceUntilDone(Promise.all(runs));

    expect(await room.played()).toEqual([["a"]]);
    const states = await Promise.all(planned.map(async ({ row }) => (await row()).state));
    expect(states).toEqual(["running", "ended", "ended"]);
  });

  test("the higher priority plays, whatever the names say", async () => {
    await room.plan("a", AT_ONCE);
    await room.plan("b", { ...AT_ONCE, priority: 1 });

    await ours.pass(30);

    expect(await room.played()).toEqual([["b"]]);
  });
});

test("a start that comes late goes by the clock where its programme has an anchor", async () => {
  const Playlist = ["x", "y"].map((name) => ({
    StreamUrl: `${ours.app.clip}?${name}`,
    PlaySeconds: 60,
  }));
  const late = await room.plan("late", {
    startsIn: 5,
    lastsFor: 600,
    ingest: { StreamUrl: undefined, Playlist },
  });
  const { programme, startsAt } = await late.row();
  const anchor = { ...programme?.anchor, at: startsAt?.toISOString() };
  await ours.app.database.query("update ingest set programme = $1 where task_id = $2", [
    JSON.stringify({ ...programme, anchor }),
    late.taskId,
  ]);
  await ours.clock.advance(90 * SECOND_MS);

  await ours.pass(10);

  expect(await late.row()).toMatchObject({
    state: "running",
    onAir: { index: 1 },
    programme: { anchor },
  });
  const endsAt = addMs(startsAt ?? new Date(0), 2 * MINUTE_MS);
  expect((await late.row()).stepAt).toEqual(endsAt);
});
