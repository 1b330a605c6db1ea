/** Planning once and twice, late starts, days of daylight saving. The promises hold on both engines. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { beginAnew } from "../../../shared/store/begin-anew.js";
import type { Schedule } from "../../../shared/store/schedules/schedule-row.js";
import { ENGINES } from "../../support/database/databases.js";
import { hoursAfter, openPlanner, type Planner } from "../../support/schedules/planner.js";

const NOW = new Date("2026-03-10T12:00:00Z");

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

  test("a new schedule has its occurrences of the next 24 hours, each with an ingest", async () => {
    const schedule = await planner.create({ notified: 0 });

    const [occurrence, ...others] = await planner.occurrences(schedule);
    const nominalAt = new Date("2026-03-11T08:00:00Z");
    expect(others).toEqual([]);
    expect(occurrence).toMatchObject({
      nominalAt,
      endsAt: hoursAfter(nominalAt, 1),
      localStart: "2026-03-11T09:00:00+01:00",
      state: "Planned",
      revision: 1,
    });
    const [ingest] = await planner.ingests();
    expect(ingest).toMatchObject({
      taskId: occurrence?.taskId,
      state: "starting",
      startsAt: nominalAt,
      advanceAt: nominalAt,
      startBy: hoursAfter(nominalAt, 1),
      deadlineAt: hoursAfter(nominalAt, 1),
      clientToken: `occurrence ${schedule.scheduleId} ${nominalAt.toISOString()} 1`,
      occurrence: {
        scheduleId: schedule.scheduleId,
        nominalAt: nominalAt.toISOString(),
        priority: 0,
        overlapPolicy: "Skip",
      },
      programme: { isList: false, restartsPerHour: 12, anchor: { at: null } },
    });
    expect(schedule.planAt).toEqual(new Date("2026-03-11T08:00:00Z"));
    expect(await planner.outbox()).toMatchObject([{ type: "ingest.scheduled", position: 1 }]);
  });

  test("planning twice is planning once", async () => {
    const schedule = await planner.create({
      definition: { windows: [{ recurrence: "0 * * * *", durationSeconds: 600 }] },
    });
    expect(await planner.ingests()).toHaveLength(24);
    expect(await planner.plan()).toMatchObject({ planned: 0, scheduled: 0 });

    planner.goTo(hoursAfter(NOW, 2));
    expect(await planner.plan()).toMatchObject({ planned: 1, scheduled: 2 });
    expect(await planner.plan()).toMatchObject({ planned: 0, scheduled: 0 });

    const starts = (await planner.occurrences(schedule)).map(({ nominalAt }) => nominalAt);
    expect(starts).toEqual(Array.from({ length: 26 }, (_, n) => hoursAfter(NOW, n)));
  });

  test("two months across a change of the clocks have every window once", async () => {
    const schedule = await planner.create({
      definition: { windows: [{ recurrence: "30 2 * * *", durationSeconds: 7200 }] },
    });
    for (let { planAt } = schedule, n = 0; planAt !== null && n < 60; n += 1) {
      planner.goTo(addMs(planAt, 30 * SECOND_MS));
      await planner.plan();
      ({ planAt } = await planner.read(schedule));
    }

    const rows = await planner.occurrences(schedule);

    const change = rows.filter(({ nominalAt }) => nominalAt.toISOString().startsWith("2026-03-29"));
    // 02:30 does not exist on that day: it starts at the first instant after the gap.
    expect(change.map(({ localStart }) => localStart)).toEqual(["2026-03-29T03:00:00+02:00"]);
    const days = rows.map(({ localStart }) => localStart?.slice(0, 10));
    expect(new Set(days).size).toBe(days.length);
    expect(days).toHaveLength(61);
  });

  test("excluded dates and gaps are shown as skipped and have no ingest", async () => {
    const schedule = await planner.create({ definition: { excludeDates: ["2026-03-11"] } });

    expect(await planner.occurrences(schedule)).toMatchObject([
      { state: "Skipped", reason: "Excluded", taskId: null, settledAt: null },
    ]);
    expect(await planner.ingests()).toEqual([]);
  });

  test("of the open windows the newest is caught up, and the others are missed", async () => {
    const schedule = await planner.create({
      definition: {
        windows: [{ recurrence: "0 * * * *", durationSeconds: 3 * 3600 }],
        lateStart: "AtPosition",
      },
    });
    await planner.database.query("delete from ingest");
    await planner.database.query("delete from occurrence");
    await planner.database.query(
      "update schedule set planned_until = $1, plan_at = $1, notified = 0",
      [hoursAfter(NOW, 1)],
    );
    const now = addMs(hoursAfter(NOW, 5), 10 * MINUTE_MS);
    planner.goTo(now);

    expect(await planner.plan()).toMatchObject({ planned: 1, scheduled: 25, missed: 4 });

    const past = (await planner.occurrences(schedule)).filter(({ nominalAt }) => nominalAt < now);
    expect(past.map(({ state, reason }) => [state, reason])).toEqual([
      ...Array.from({ length: 4 }, () => ["Missed", "Late"]),
      ["Planned", null],
    ]);
    const late = (await planner.ingests()).find(({ taskId }) => taskId === past[4]?.taskId);
    expect(late).toMatchObject({
      startsAt: hoursAfter(NOW, 5),
      advanceAt: hoursAfter(NOW, 5),
      programme: { anchor: { at: hoursAfter(NOW, 5).toISOString() } },
    });
    const missed = (await planner.outbox()).filter(({ type }) => type === "schedule.missed");
    expect(missed.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
  });

  test("a window that is later than CatchupSeconds is missed", async () => {
    const schedule = await planner.create({ definition: { catchupSeconds: 600 } });
    await planner.database.query("delete from ingest");
    await planner.database.query("delete from occurrence");
    const nominalAt = new Date("2026-03-11T08:00:00Z");
    await planner.database.query("update schedule set planned_until = $1, plan_at = $1", [NOW]);

    planner.goTo(addMs(nominalAt, 11 * MINUTE_MS));
    await planner.plan();

    expect((await planner.occurrences(schedule))[0]).toMatchObject({ nominalAt, state: "Missed" });
  });

  test("jitter delays the start, and the name of the occurrence stays", async () => {
    const schedule = await planner.create({ definition: { jitterSeconds: 900 } });
    const [occurrence] = await planner.occurrences(schedule);
    const delayMs = (occurrence?.startsAt.getTime() ?? 0) - (occurrence?.nominalAt.getTime() ?? 0);

    expect(occurrence?.nominalAt).toEqual(new Date("2026-03-11T08:00:00Z"));
    expect(delayMs).toBeGreaterThanOrEqual(0);
    expect(delayMs).toBeLessThanOrEqual(900 * SECOND_MS);
    expect((await planner.ingests())[0]?.startsAt).toEqual(occurrence?.startsAt);
  });

  test("a clock that goes back plans nothing twice", async () => {
    const schedule = await planner.create({
      definition: { windows: [{ recurrence: "0 * * * *", durationSeconds: 600 }] },
    });
    planner.goTo(hoursAfter(NOW, 5));
    await planner.plan();
    const before = await planner.occurrences(schedule);

    planner.goTo(hoursAfter(NOW, -5));
    await planner.plan();
    await planner.redefine(schedule, { priority: 7 });

    const after = await planner.occurrences(schedule);
    const shared = after.filter(({ nominalAt }) => nominalAt >= NOW);
    expect(shared.map(({ nominalAt }) => nominalAt)).toEqual(
      before.map(({ nominalAt }) => nominalAt),
    );
    const live = (await planner.ingests()).filter(({ state }) => state !== "ended");
    expect(live).toHaveLength(after.length);
  });

  describe("after a clock that was a week ahead", () => {
    const hourly = { windows: [{ recurrence: "0 * * * *", durationSeconds: 600 }] };
    const upcoming = async (schedule: Schedule) =>
      (await planner.occurrences(schedule)).filter(({ nominalAt }) => nominalAt > NOW);
    const NEXT_DAY = Array.from({ length: 24 }, (_, n) => hoursAfter(NOW, n + 1));

    async function aWeekAhead(): Promise<Schedule> {
      const schedule = await planner.create({ definition: hourly });
      planner.goTo(hoursAfter(NOW, 7 * 24));
      await planner.plan();
      return schedule;
    }

    test("the occurrences of the next day are planned again, each with an ingest", async () => {
      const schedule = await aWeekAhead();
      planner.goTo(addMs(NOW, 1000));

      await beginAnew(planner.database.query, planner.clock.now());
      await planner.plan();

      const planned = await upcoming(schedule);
      expect(planned.map(({ nominalAt }) => nominalAt)).toEqual(NEXT_DAY);
      const waiting = new Map(
        (await planner.ingests())
          .filter(({ advanceAt }) => advanceAt !== null && advanceAt > NOW)
          .map(({ taskId, startsAt }) => [taskId, startsAt]),
      );
      expect(waiting.size).toBe(24);
      expect(planned.map(({ taskId }) => waiting.get(taskId ?? ""))).toEqual(NEXT_DAY);
    });

    test("what began in that time ends now, and no fresh task plays on until then", async () => {
      const schedule = await aWeekAhead();
      const [next] = (await planner.occurrences(schedule)).filter(
        ({ nominalAt }) => nominalAt > planner.clock.now(),
      );
      planner.goTo(next?.nominalAt ?? NOW);
      await planner.begin(next?.taskId ?? null);
      planner.goTo(addMs(NOW, 1000));

      await beginAnew(planner.database.query, planner.clock.now());

      expect(await planner.store.ingests.read(next?.taskId ?? "")).toMatchObject({
        state: "running",
        deadlineAt: planner.clock.now(),
      });
    });

    test("a skip that was asked for still holds", async () => {
      const schedule = await planner.create({ definition: hourly });
      const [, second] = await upcoming(schedule);
      if (second) await planner.skip(schedule, second);
      planner.goTo(hoursAfter(NOW, 7 * 24));
      await planner.plan();
      planner.goTo(addMs(NOW, 1000));

      await beginAnew(planner.database.query, planner.clock.now());
      await planner.plan();

      const states = (await upcoming(schedule)).map(({ state }) => state);
      expect(states).toEqual(NEXT_DAY.map((_, n) => (n === 1 ? "Skipped" : "Planned")));
    });
  });

  test("a schedule that was planned by the present clock stays as it is", async () => {
    const schedule = await planner.create();
    const before = await planner.occurrences(schedule);

    await beginAnew(planner.database.query, planner.clock.now());

    expect(await planner.read(schedule)).toEqual(schedule);
    expect(await planner.occurrences(schedule)).toEqual(before);
  });
});
