/** Edits plan what has not begun anew, and leave what runs. The promises hold on both engines. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import { ENGINES } from "../../support/database/databases.js";
import { hoursAfter, openPlanner, type Planner } from "../../support/schedules/planner.js";

const NOW = new Date("2026-03-10T12:00:00Z");
const AT_NINE = new Date("2026-03-11T08:00:00Z");

describe.each(ENGINES)("%s", (_name, open) => {
  let planner: Planner;

  beforeAll(async () => {
    planner = await openPlanner(open);
  });
  beforeEach(async () => {
    await planner.clear();
    planner.goTo(NOW);
  });
  afterAll(() => planner.database.close());

  const live = async () => (await planner.ingests()).filter(({ state }) => state !== "ended");

  test("an edit of the window takes the old ingest back and writes a new one", async () => {
    const schedule = await planner.create({ notified: 0 });

    await planner.redefine(schedule, {
      windows: [{ recurrence: "0 10 * * *", durationSeconds: 3600 }],
    });

    const ingests = await planner.ingests();
    const ended = ingests.find(({ state }) => state === "ended");
    const [fresh] = await live();
    expect(ended).toMatchObject({ state: "ended", endReason: "stopped", endCause: "schedule" });
    expect(fresh).toMatchObject({ state: "starting", startsAt: hoursAfter(AT_NINE, 1) });
    expect(await planner.occurrences(schedule)).toMatchObject([
      { nominalAt: hoursAfter(AT_NINE, 1), revision: 2, taskId: fresh?.taskId },
    ]);
    // Both ingests have their TaskIds of the same millisecond, so either may come first.
    const events = (await planner.outbox()).map(({ type }) => type).sort();
    expect(events).toEqual(["ingest.ended", "ingest.scheduled", "ingest.scheduled"]);
  });

  test("an edit of the length, the priority or the source changes the ingest, another one does not", async () => {
    const schedule = await planner.create();
    const [{ taskId } = { taskId: null }] = await live();
    await planner.edit(schedule, (before) => ({ ...before, comment: "about this" }));
    expect((await live())[0]?.taskId).toBe(taskId);
    expect(await planner.occurrences(schedule)).toMatchObject([{ revision: 2, taskId }]);

    const tasks = new Set([taskId]);
    for (const fields of [
      { priority: 3 },
      { lateStart: "AtPosition" as const },
      { catchupSeconds: 60 },
    ]) {
      await planner.redefine(schedule, fields);
      const [row, ...others] = await live();
      expect(others).toEqual([]);
      tasks.add(row?.taskId ?? null);
    }
    expect(tasks.size).toBe(4);
  });

  test("what runs is left, and its occurrence is not planned twice", async () => {
    const schedule = await planner.create();
    const [{ taskId } = { taskId: null }] = await planner.occurrences(schedule);
    planner.goTo(addMs(AT_NINE, MINUTE_MS));
    await planner.begin(taskId);

    await planner.redefine(schedule, { priority: 9 });
    await planner.plan();

    expect(await planner.occurrences(schedule)).toMatchObject([
      { nominalAt: AT_NINE, state: "Running", taskId },
      { nominalAt: hoursAfter(AT_NINE, 24), state: "Planned" },
    ]);
    expect(await live()).toHaveLength(2);
  });

  test("a pause leaves an excluded window that is over", async () => {
    const schedule = await planner.create({ definition: { excludeDates: ["2026-03-11"] } });
    planner.goTo(hoursAfter(AT_NINE, 1));

    await planner.edit(schedule, (before) => ({ ...before, state: "Paused" }));

    expect(await planner.occurrences(schedule)).toMatchObject([
      { nominalAt: AT_NINE, state: "Skipped", reason: "Excluded" },
    ]);
  });

  test("a pause takes back what has not begun, and resuming does not make up for it", async () => {
    const schedule = await planner.create({
      definition: { windows: [{ recurrence: "0 * * * *", durationSeconds: 600 }] },
    });
    await planner.edit(schedule, (before) => ({ ...before, state: "Paused" }));
    expect(await live()).toEqual([]);
    expect(await planner.occurrences(schedule)).toEqual([]);
    expect((await planner.read(schedule)).planAt).toBeNull();

    const now = addMs(hoursAfter(NOW, 7), MINUTE_MS);
    planner.goTo(now);
    await planner.plan();
    await planner.edit(schedule, (before) => ({ ...before, state: "Enabled" }));

    const starts = (await planner.occurrences(schedule)).map(({ nominalAt }) => nominalAt);
    expect(starts).toEqual(Array.from({ length: 24 }, (_, n) => hoursAfter(NOW, 8 + n)));
    expect(await live()).toHaveLength(24);
  });

  test("a deleted schedule takes back what has not begun", async () => {
    const schedule = await planner.create();

    await planner.edit(schedule, (before) => ({ ...before, state: "Deleted" }));

    expect(await live()).toEqual([]);
    expect(await planner.edit(schedule, (before) => before)).toEqual({ outcome: "unknown" });
  });

  test("a window that planning did not reach before the edit is accounted for by the old rules", async () => {
    const schedule = await planner.create({ definition: { catchupSeconds: 60 } });
    planner.goTo(hoursAfter(AT_NINE, 26));

    await planner.redefine(schedule, {
      windows: [{ recurrence: "0 20 * * *", durationSeconds: 60 }],
    });

    const rows = await planner.occurrences(schedule);
    expect(rows.map(({ nominalAt, state }) => [nominalAt, state])).toEqual([
      [AT_NINE, "Missed"],
      [hoursAfter(AT_NINE, 24), "Missed"],
      [hoursAfter(AT_NINE, 35), "Planned"],
    ]);
  });

  test("a skipped occurrence stays skipped, also far ahead, and over edits", async () => {
    const schedule = await planner.create();
    const [occurrence] = await planner.occurrences(schedule);
    if (!occurrence) throw new Error("nothing was planned");
    const far = { ...occurrence, nominalAt: hoursAfter(AT_NINE, 24 * 3) };
    const later = { ...far, startsAt: far.nominalAt, endsAt: hoursAfter(far.nominalAt, 1) };

    expect(await planner.skip(schedule, occurrence)).toEqual({ outcome: "skipped" });
    expect(await planner.skip(schedule, later)).toEqual({ outcome: "skipped" });
    expect(await planner.skip(schedule, later)).toEqual({ outcome: "known" });
    await planner.redefine(schedule, { priority: 1 });
    planner.goTo(hoursAfter(far.nominalAt, -2));
    await planner.plan();

    expect(await live()).toEqual([]);
    const skipped = (await planner.occurrences(schedule)).filter(
      ({ state }) => state === "Skipped",
    );
    expect(skipped.map(({ nominalAt, reason }) => [nominalAt, reason])).toEqual([
      [AT_NINE, "Asked"],
      [far.nominalAt, "Asked"],
    ]);
  });

  test("a robot that the caller named plays one occurrence after the other", async () => {
    const schedule = await planner.create({
      definition: {
        windows: [{ recurrence: "0 * * * *", durationSeconds: 1800 }],
        ingest: { UserId: "host-1" },
      },
    });
    expect(await live()).toHaveLength(1);
    const [first, second] = await planner.occurrences(schedule);
    expect(second).toMatchObject({ state: "Planned", taskId: null, reason: "RobotBusy" });

    planner.goTo(addMs(NOW, MINUTE_MS));
    await planner.begin(first?.taskId ?? null);
    await planner.plan();
    expect(await live()).toHaveLength(1);
    planner.goTo(addMs(NOW, 31 * MINUTE_MS));
    await planner.end(first?.taskId ?? null);
    await planner.plan();

    expect(await planner.occurrences(schedule)).toMatchObject([
      { state: "Done" },
      { state: "Planned", reason: null },
      ...Array.from({ length: 22 }, () => ({ taskId: null })),
      {},
    ]);
  });

  test("a refused start is looked at again before it counts as failed", async () => {
    planner.grant({ RoomPattern: "other-.*" });
    const schedule = await planner.create();
    expect(await planner.occurrences(schedule)).toMatchObject([
      { state: "Planned", taskId: null, reason: "UnauthorizedOperation" },
    ]);

    planner.goTo(addMs(AT_NINE, -MINUTE_MS));
    await planner.plan();
    expect(await live()).toEqual([]);
    planner.goTo(addMs(AT_NINE, 1000));
    expect(await planner.plan()).toMatchObject({ failed: 1 });

    planner.grant({});
    planner.goTo(hoursAfter(AT_NINE, 2));
    await planner.plan();
    const [failed, next] = await planner.occurrences(schedule);
    expect(failed).toMatchObject({ state: "Failed", reason: "UnauthorizedOperation" });
    expect(next).toMatchObject({ state: "Planned", reason: null });
    expect(await live()).toHaveLength(1);
  });

  test("newer time zone data moves what has not begun, and older data leaves it", async () => {
    const schedule = await planner.create();
    await planner.database.query(
      "update schedule set tzdata = '2000a', planned_until = planned_until",
    );
    await planner.database.query(
      "update occurrence set nominal_at = nominal_at - interval '1 hour', starts_at = starts_at - interval '1 hour'",
    );

    await planner.plan("9999a");
    await planner.plan("2020a");

    expect(await planner.read(schedule)).toMatchObject({ tzdata: "9999a", revision: 2 });
    expect(await planner.occurrences(schedule)).toMatchObject([
      { nominalAt: AT_NINE, revision: 2 },
    ]);
    expect(await live()).toHaveLength(1);
  });

  test("a window that has begun before newer data moves it is not started again", async () => {
    const schedule = await planner.create();
    await planner.database.query("update schedule set tzdata = '2000a'");
    const moved = hoursAfter(AT_NINE, -1);
    await planner.database.query("update occurrence set nominal_at = $1, starts_at = $1", [moved]);
    planner.goTo(addMs(moved, MINUTE_MS));
    const [{ taskId } = { taskId: null }] = await planner.occurrences(schedule);
    await planner.begin(taskId);

    await planner.plan("9999a");

    expect(await planner.occurrences(schedule)).toMatchObject([
      { nominalAt: moved, state: "Running" },
    ]);
    expect(await live()).toHaveLength(1);
  });
});
