/** Several late starts of one schedule, after a time without advance-ingests. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { OVERLAP_POLICIES } from "../../../shared/contract/schedules/fields.js";
import type { SourceMedia } from "../../../shared/contract/answers.js";
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

const MISSED = {
  state: "ended",
  endReason: "failed",
  endCause: "missed",
  startedAt: null,
  failureCode: "FailedOperation",
};

/** Starts after 5, 25 and 45 seconds. Then nothing starts them until a minute has passed. */
async function late(fields: Partial<Planned> = {}, ofLast: Partial<Planned> = {}) {
  const planned = { scheduleId: "news", lastsFor: 600, ...fields };
  const first = await room.plan("first", { ...planned, startsIn: 5 });
  const second = await room.plan("second", { ...planned, startsIn: 25 });
  const third = await room.plan("third", { ...planned, startsIn: 45, ...ofLast });
  ours.clock.jump(60 * SECOND_MS);
  return { first, second, third };
}

describe("of several late starts of a schedule", () => {
  test.each(OVERLAP_POLICIES)("the newest one plays, with %s", async (overlapPolicy) => {
    const { first, second, third } = await late({ overlapPolicy });

    await ours.pass(20);

    expect(await room.played()).toEqual([["third"]]);
    expect(await first.row()).toMatchObject(MISSED);
    expect(await second.row()).toMatchObject(MISSED);
    expect(await third.row()).toMatchObject({ state: "running" });
  });

  test("the newest one plays, with several instances at once", async () => {
    const { first, second } = await late();

    const runs = [1, 2, 3].map(() => ours.startRun(advanceIngests));
    await ours.clock.advanceUntilDone(Promise.all(runs));

    expect(await room.played()).toEqual([["third"]]);
    expect(await first.row()).toMatchObject(MISSED);
    expect(await second.row()).toMatchObject(MISSED);
  });

  test("one whose window is over is not the newest", async () => {
    const { first, second, third } = await late({}, { lastsFor: 10 });

    await ours.pass(20);

    expect(await room.played()).toEqual([["second"]]);
    expect(await first.row()).toMatchObject(MISSED);
    expect(await second.row()).toMatchObject({ state: "running" });
    expect(await third.row()).toMatchObject(MISSED);
  });
});

test("a late start plays where the next one of its schedule is not due", async () => {
  const first = await room.plan("first", { scheduleId: "news", startsIn: 5, lastsFor: 600 });
  const second = await room.plan("second", { scheduleId: "news", startsIn: 100, lastsFor: 600 });
  ours.clock.jump(60 * SECOND_MS);

  await ours.pass(20);

  expect(await first.row()).toMatchObject({ state: "running" });
  expect(await second.row()).toMatchObject({ state: "starting" });
});

test("late starts of other schedules meet by their policies", async () => {
  const { first } = await late(
    { scheduleId: "other", overlapPolicy: "Skip" },
    { scheduleId: "news" },
  );

  await ours.pass(20);

  expect(await room.played()).toEqual([["second"]]);
  expect(await first.row()).toMatchObject(MISSED);
});

test("a start that TRTC refused has been tried, and is not passed over", async () => {
  ours.app.emulator.faults.add({
    action: "StartStreamIngest",
    kind: "error",
    code: "ResourceInsufficient.RequestRejection",
    times: 4,
  });
  const planned = { scheduleId: "news", lastsFor: 600 };
  const first = await room.plan("first", { ...planned, startsIn: 5 });
  const second = await room.plan("second", { ...planned, startsIn: 12 });

  await ours.pass(60);

  expect(await first.row()).toMatchObject({ state: "running" });
  expect(await second.row()).toMatchObject({ endCause: "cut", startedAt: null });
});

describe("a late start at the position of the clock", () => {
  const media = { DurationSeconds: 20 } as SourceMedia;
  const list = (names: string) =>
    names.split("").map((name) => ({ StreamUrl: `${ours.app.clip}?${name}` }));

  test.each([
    ["a list", () => ({ StreamUrl: undefined, Playlist: list("abcd") }), { index: 2, name: "c" }],
    [
      "one source that turns",
      () => ({ StreamUrl: list("a")[0]?.StreamUrl }),
      { index: 0, name: "a" },
    ],
  ])("reads the lengths of %s", async (_, ingest, { index, name }) => {
    const { readSource } = ours.services;
    ours.services.readSource = () => Promise.resolve({ outcome: "ok", media });
    const planned = { startsIn: 5, lastsFor: 600, isAtPosition: true, ingest: ingest() };
    const occurrence = await room.plan("late", planned);
    ours.clock.jump(60 * SECOND_MS);

    await ours.ran();
    ours.services.readSource = readSource;

    expect(await occurrence.row()).toMatchObject({ state: "running", onAir: { index } });
    expect(ours.trtc.bodies("StartStreamIngest").at(-1)).toMatchObject({
      StreamUrl: `${ours.app.clip}?${name}`,
      SeekSecond: 15,
    });
  });
});
