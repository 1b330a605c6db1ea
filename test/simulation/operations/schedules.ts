/** Schedules and their occurrences, as operations of the store. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import { ignoreFailure } from "../../../shared/ignore.js";
import type { ScheduleWrites } from "../../../shared/store/schedules/operations.js";
import {
  OCCURRENCE_STATES,
  type Occurrence,
  type Schedule,
} from "../../../shared/store/schedules/schedule-row.js";
import { T0 } from "../../support/app/ingests.js";
import { newSchedule } from "../../support/schedules/rows.js";
import { callerId, deadlineOf, newRow, startOf } from "./new-row.js";
import { type Operation, operation, soonMs, taskId } from "./operation.js";

const SCHEDULE_IDS = ["sch-a", "sch-b", "sch-c"];

const scheduleId = fc.constantFrom(...SCHEDULE_IDS);
const name = fc.constantFrom("news", "music");
const token = fc.constantFrom(null, null, "t1", "t2");
const state = fc.constantFrom("Enabled" as const, "Enabled" as const, "Paused" as const);
const later = fc.constantFrom("Deleted" as const, "Enabled" as const, "Paused" as const);
const tzdata = fc.constantFrom("2025b", "2025c");
const notified = fc.constantFrom(null, 0, 4);
const shown = fc.constantFrom(undefined, "Running" as const, ...OCCURRENCE_STATES);

/** Few instants, so that operations meet. No two schedules share one. */
const place = fc.integer({ min: 0, max: 3 });
const nominalOf = (id: string, nth: number): Date =>
  addMs(T0, nth * 2000 + SCHEDULE_IDS.indexOf(id) + 1);

const planAtOf = (id: string, at: Date, ms: number): Date =>
  addMs(at, ms + SCHEDULE_IDS.indexOf(id) / 10);

const scheduleOf = (
  to: Pick<Schedule, "scheduleId" | "callerId" | "name" | "state"> & { pauseAfter: number },
  at: Date,
) => {
  const { pauseAfter, ...row } = to;
  const known = newSchedule({ ...row, createdAt: at, updatedAt: at, plannedUntil: at });
  return { ...known, definition: { ...known.definition, pauseAfterFailures: pauseAfter } };
};

const pauseAfter = fc.constantFrom(0, 1, 2);
const drawnSchedule = fc.record({ scheduleId, callerId, name, state, pauseAfter });

const occurrence = fc.record({
  scheduleId,
  place,
  state: fc.constantFrom(...OCCURRENCE_STATES, "Planned" as const, "Planned" as const),
  taskId: fc.option(taskId),
  reason: fc.constantFrom(null, "Asked"),
});

/** Each works in a transaction of its own. */
const inside = <T extends Record<string, unknown>>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  work: (writes: ScheduleWrites, drawn: T, at: Date) => Promise<unknown>,
): fc.Arbitrary<Operation> =>
  operation(
    { ...fields, fails: fc.constantFrom(false, false, false, true) },
    async (store, drawn, at) => {
      const answer = await store.schedules
        .transaction(async (writes) => {
          const done = await work(writes, drawn as unknown as T, at);
          if (drawn["fails"]) throw new Error("nothing of it stays");
          return done;
        })
        .catch(() => "refused");
      return { answer: answer instanceof Set ? [...answer].sort() : answer };
    },
  );

const planned = (
  {
    place: nth,
    ...row
  }: { place: number } & Pick<Occurrence, "scheduleId" | "state" | "taskId" | "reason">,
  revision: number,
) => {
  const nominalAt = nominalOf(row.scheduleId, nth);
  const times = { nominalAt, startsAt: addMs(nominalAt, 5), endsAt: addMs(nominalAt, 60_000) };
  return { ...row, ...times, revision, localStart: null, detail: null };
};

export const scheduleOperations = (limit: number): fc.Arbitrary<Operation>[] => [
  inside({ schedule: drawnSchedule, token, notified }, (writes, drawn, at) =>
    writes.insert({
      ...scheduleOf(drawn.schedule, at),
      clientToken: drawn.token,
      notified: drawn.notified,
    }),
  ),
  inside({ scheduleId, callerId }, (writes, keys) => writes.lock(keys)),
  inside({ schedule: drawnSchedule, later, place }, async (writes, drawn, at) => {
    const to = { ...scheduleOf(drawn.schedule, at), state: drawn.later, failures: drawn.place };
    const known = await writes.lock(to);
    return known && writes.update({ ...known, ...to, revision: known.revision + 1 });
  }),
  inside({ soonMs }, async (writes, drawn, at) => {
    const rows = await writes.claim({ at: addMs(at, drawn.soonMs), limit });
    return { rows };
  }),
  inside({ scheduleId, other: scheduleId, soonMs }, async (writes, drawn, at) => ({
    rows: await writes.readOpenOccurrences({
      scheduleIds: [drawn.scheduleId, drawn.other],
      at: addMs(at, drawn.soonMs),
    }),
  })),
  // Of two rows in one statement that want one robot, either may have it.
  inside({ row: newRow, startsMs: soonMs }, (writes, { row, startsMs }, at) => {
    const startsAt = deadlineOf(row.taskId, at, startsMs);
    const startBy = addMs(startsAt, 60_000);
    const schedule = { startsAt, startBy, asked: {}, heldUntil: null };
    return writes.insertStarts([{ ...startOf(row, at), schedule }]);
  }),
  inside({ taskId, other: taskId }, (writes, drawn, at) =>
    writes.cancelStarts({ taskIds: [drawn.taskId, drawn.other], at }),
  ),
  inside({ one: occurrence, revision: place }, async (writes, drawn, at) => {
    // An occurrence belongs to a schedule.
    const { scheduleId: id } = drawn.one;
    await writes
      .insert(scheduleOf({ ...FIRST, scheduleId: id, name: `name of ${id}` }, at))
      .catch(ignoreFailure);
    await writes.writeOccurrences([planned(drawn.one, drawn.revision)]);
  }),
  inside({ scheduleId, place }, (writes, drawn) =>
    writes.dropOccurrences([
      { scheduleId: drawn.scheduleId, nominalAt: nominalOf(drawn.scheduleId, drawn.place) },
    ]),
  ),
  inside(
    { scheduleId, soonMs, isLast: fc.boolean(), tzdata, notified, place },
    (writes, drawn, at) =>
      writes.markPlanned([
        {
          scheduleId: drawn.scheduleId,
          plannedUntil: addMs(at, drawn.soonMs),
          planAt: drawn.isLast ? null : planAtOf(drawn.scheduleId, at, drawn.soonMs),
          revision: drawn.place,
          tzdata: drawn.tzdata,
          notified: drawn.notified,
        },
      ]),
  ),
  operation({ scheduleId, callerId }, (store, keys) => store.schedules.read(keys)),
  operation({ name, callerId }, (store, keys) => store.schedules.findByName(keys)),
  operation({ clientToken: token, callerId }, (store, keys) => store.schedules.findByToken(keys)),
  inside({ signature: fc.constantFrom("s1", "s2"), requestHash: name }, (writes, drawn, at) =>
    writes.useName({ ...drawn, at }),
  ),
  inside({ signature: fc.constantFrom("s1", "s2"), requestHash: name }, (writes, drawn, at) =>
    writes.swapName({ ...drawn, at }),
  ),
  operation(
    {
      callerId,
      name: fc.option(name, { nil: undefined }),
      state: fc.option(state, { nil: undefined }),
      before: fc.constantFrom(undefined, "sch-c"),
    },
    async (store, filter) => ({ rows: await store.schedules.list({ ...filter, limit }) }),
  ),
  operation({ callerId }, (store, drawn) => store.schedules.count(drawn.callerId)),
  operation({ callerId, besides: fc.option(scheduleId) }, async (store, drawn) => {
    const { sdkAppId, roomId, roomIdType } = newSchedule();
    const room = { sdkAppId, roomId, roomIdType };
    return { rows: await store.schedules.listInRoom({ ...room, ...drawn, limit }) };
  }),
  operation(
    {
      callerId,
      scheduleId: fc.option(scheduleId, { nil: undefined }),
      state: shown,
      fromMs: fc.option(soonMs, { nil: undefined }),
      isNext: fc.boolean(),
    },
    async (store, { fromMs, isNext, ...filter }) => {
      const from = fromMs === undefined ? undefined : addMs(T0, fromMs);
      const before = isNext ? { scheduleId: "sch-b", nominalAt: nominalOf("sch-b", 2) } : undefined;
      return { rows: await store.schedules.listOccurrences({ ...filter, from, before, limit }) };
    },
  ),
  operation({ scheduleId }, (store, drawn) => store.schedules.countOccurrences(drawn.scheduleId)),
  operation({ tzdata, soonMs }, (store, { soonMs: ms, ...drawn }, at) =>
    store.schedules.readDuties({ ...drawn, at, forgetBefore: addMs(at, ms) }),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.schedules.planAgain({ tzdata: "2025c", at: addMs(at, ms) }),
  ),
  operation({ soonMs }, async (store, { soonMs: ms }, at) =>
    store.schedules.settle({ at: addMs(at, ms), limit }),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.schedules.forgetOccurrences({ before: addMs(at, ms), limit: 10 }),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.schedules.forget({ before: addMs(at, ms), limit: 10 }),
  ),
];

const FIRST = { callerId: "one", state: "Enabled", pauseAfter: 1 } as const;

/** Every row, as any instance reads it. */
export const readSchedules: Operation = async (store, at) => ({
  rows: await Promise.all(
    SCHEDULE_IDS.flatMap((id) =>
      ["one", "two"].map((caller) => store.schedules.read({ callerId: caller, scheduleId: id })),
    ),
  ),
  occurrences: await store.schedules.transaction((writes) =>
    writes.readOpenOccurrences({ scheduleIds: SCHEDULE_IDS, at: addMs(at, -1_000_000_000) }),
  ),
});
