/** Final states, failures in a row, events, and forgetting. The promises hold on both engines. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { Schedule } from "../../../shared/store/schedules/schedule-row.js";
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

  const REFUSED = { code: "FailedOperation", message: "refused" };
  const FAILED = {
    end_reason: "failed",
    failure_code: REFUSED.code,
    failure_message: REFUSED.message,
  };

  test.each([
    ["Done", "expired", true, {}],
    ["Done", "finished", true, { end_reason: "finished" }],
    ["Done", "stopped", true, { end_reason: "stopped", end_cause: "caller" }],
    ["Failed", "FailedOperation", true, FAILED],
    ["Failed", "FailedOperation", false, FAILED],
    ["Missed", "Late", false, { ...FAILED, end_cause: "missed" }],
    ["Skipped", "Stopped", false, { end_reason: "stopped", end_cause: "caller" }],
    [
      "Cut",
      "LowerPriority",
      true,
      {
        end_reason: "stopped",
        end_cause: "cut",
        occurrence: { cut: { reason: "LowerPriority", by: "ing-2" } },
      },
    ],
    [
      "Skipped",
      "Overlap",
      false,
      {
        end_reason: "stopped",
        end_cause: "cut",
        occurrence: { cut: { reason: "Overlap", by: "ing-2" } },
      },
    ],
  ])("%s, reason %s, where it has played: %s", async (state, reason, hasPlayed, fields) => {
    const schedule = await planner.create();
    const [{ taskId } = { taskId: null }] = await planner.occurrences(schedule);
    planner.goTo(addMs(AT_NINE, MINUTE_MS));
    if (hasPlayed) await planner.begin(taskId);
    await planner.end(taskId, fields);
    expect((await planner.occurrences(schedule))[0]).toMatchObject({
      state,
      reason,
      settledAt: null,
    });

    const counts = await planner.plan();

    expect(counts).toMatchObject({ [state.toLowerCase()]: 1 });
    expect((await planner.occurrences(schedule))[0]).toMatchObject({
      state,
      reason,
      settledAt: planner.clock.now(),
      startedAt: hasPlayed ? planner.clock.now() : null,
    });
    expect(await planner.plan()).toMatchObject({ [state.toLowerCase()]: 0 });
  });

  test("a start that nothing has tried in its time is missed", async () => {
    const schedule = await planner.create();
    const [{ taskId } = { taskId: "" }] = await planner.ingests();
    planner.goTo(hoursAfter(AT_NINE, 1));
    await planner.store.scheduled.markMissed({ taskId, at: planner.clock.now(), ...REFUSED });

    expect(await planner.plan()).toMatchObject({ missed: 1, failed: 0 });

    const [event] = (await planner.outbox()).filter(({ type }) => type === "schedule.missed");
    expect(event).toMatchObject({
      position: 1,
      facts: { schedule_id: schedule.scheduleId, name: schedule.name, reason: "Late" },
    });
    expect((await planner.read(schedule)).failures).toBe(0);
  });

  async function failNext(schedule: Schedule, day: number): Promise<void> {
    planner.goTo(addMs(hoursAfter(AT_NINE, 24 * day), MINUTE_MS));
    const open = await planner.occurrences(schedule);
    await planner.end(open.find(({ state }) => state === "Planned")?.taskId ?? null, FAILED);
    await planner.plan();
  }

  test("failures in a row pause the schedule, which takes back what has not begun", async () => {
    const schedule = await planner.create({ definition: { pauseAfterFailures: 2 } });
    await failNext(schedule, 0);
    expect(await planner.read(schedule)).toMatchObject({ state: "Enabled", failures: 1 });
    await failNext(schedule, 1);

    expect(await planner.read(schedule)).toMatchObject({
      state: "Paused",
      pausedBecause: "Failures",
      failures: 2,
      planAt: null,
    });
    expect((await planner.ingests()).filter(({ state }) => state !== "ended")).toEqual([]);
    const paused = (await planner.outbox()).filter(({ type }) => type === "schedule.paused");
    expect(paused).toMatchObject([
      { position: 1, facts: { failures: 2, reason: "Failures", failure_code: REFUSED.code } },
    ]);

    await planner.edit(schedule, (before) => ({ ...before, state: "Enabled" }));
    expect(await planner.read(schedule)).toMatchObject({ failures: 0, pausedBecause: null });
  });

  test("an occurrence that plays ends the row of failures", async () => {
    const schedule = await planner.create({ definition: { pauseAfterFailures: 2 } });
    await failNext(schedule, 0);
    planner.goTo(addMs(hoursAfter(AT_NINE, 24), MINUTE_MS));
    const open = await planner.occurrences(schedule);
    const taskId = open.find(({ state }) => state === "Planned")?.taskId ?? null;
    await planner.begin(taskId);
    await planner.end(taskId);
    await planner.plan();
    await failNext(schedule, 2);

    expect(await planner.read(schedule)).toMatchObject({ state: "Enabled", failures: 1 });
  });

  test("settled occurrences and deleted schedules are forgotten after 90 days", async () => {
    const schedule = await planner.create();
    const [{ taskId } = { taskId: null }] = await planner.occurrences(schedule);
    planner.goTo(AT_NINE);
    await planner.begin(taskId);
    await planner.end(taskId);
    await planner.edit(schedule, (before) => ({ ...before, state: "Deleted" }));
    await planner.plan();
    const forgotten = async (days: number) => {
      planner.goTo(hoursAfter(AT_NINE, 24 * days));
      return (await planner.plan()).forgotten;
    };

    expect(await forgotten(89)).toBe(0);
    expect(await forgotten(91)).toBe(1);
    expect(await planner.database.query("select from schedule")).toEqual([]);
  });

  test("a run with nothing due sends one statement", async () => {
    await planner.create();
    const { readDuties } = planner.store.schedules;
    const due = { at: planner.clock.now(), tzdata: "0", forgetBefore: new Date(0) };

    expect(await readDuties(due)).toEqual({
      isPlanDue: false,
      isOutdated: false,
      isSettleDue: false,
      isForgetDue: false,
    });
  });
});
