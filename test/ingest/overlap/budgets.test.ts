/** Occurrences that meet in a room, and whose caller has a budget. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openRoom, type Planned, type Room } from "./room.js";
import { openScheduledApp, SAVING, type ScheduledApp } from "../../support/app/scheduled-app.js";

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

const MINUTES = 60;

const plan = (name: string, planned: Planned) => room.plan(name, { ...planned, callerId: SAVING });

test("the one that ends counts until then, so the winner begins within the budget", async () => {
  const first = await plan("first", { startsIn: 5, lastsFor: 20 * MINUTES });
  const second = await plan("second", { startsIn: 20, lastsFor: 10 * MINUTES, priority: 1 });

  await ours.pass(30);

  expect(await room.played()).toEqual([["first", "second"]]);
  expect(await second.row()).toMatchObject({ state: "running" });
  expect(await first.row()).toMatchObject({ state: "ended", endCause: "cut" });
});

test("a winner that would pass the budget ends no other one, and says why it waits", async () => {
  const first = await plan("first", { startsIn: 5, lastsFor: 10 * MINUTES });
  const second = await plan("second", { startsIn: 20, lastsFor: 25 * MINUTES, priority: 1 });

  await ours.pass(30);

  expect(await room.played()).toEqual([["first"]]);
  expect(await first.row()).toMatchObject({ state: "running", stopAskedAt: null });
  expect(await second.row()).toMatchObject({
    state: "starting",
    failureCode: "LimitExceeded.Budget",
  });
});

test("one that would pass the budget until the end of the other plays no longer than it would", async () => {
  const Extend = { overlapPolicy: "Extend" as const };
  const first = await plan("first", { startsIn: 5, lastsFor: 10 * MINUTES, ...Extend });
  const second = await plan("second", { startsIn: 20, lastsFor: 25 * MINUTES, ...Extend });
  const { deadlineAt } = await first.row();

  await ours.pass(30);

  expect(await room.played()).toEqual([["first"]]);
  expect(await first.row()).toMatchObject({ state: "running", deadlineAt });
  expect(await second.row()).toMatchObject({
    state: "ended",
    occurrence: { cut: { reason: "Extended", until: deadlineAt.toISOString() } },
  });
});

test("one that keeps the budget plays until the end of the other", async () => {
  const Extend = { overlapPolicy: "Extend" as const };
  const first = await plan("first", { startsIn: 5, lastsFor: 10 * MINUTES, ...Extend });
  const second = await plan("second", { startsIn: 20, lastsFor: 15 * MINUTES, ...Extend });
  const { deadlineAt } = await second.row();

  await ours.pass(30);

  expect(await first.row()).toMatchObject({ state: "running", deadlineAt });
});
