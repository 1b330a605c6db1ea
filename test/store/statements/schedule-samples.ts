/** The operations on schedules with arguments that lead to each of their statements. */
import { addMs } from "../../../shared/clock.js";
import type { ScheduleWrites } from "../../../shared/store/schedules/operations.js";
import type { Schedule } from "../../../shared/store/schedules/schedule-row.js";
import type { Store } from "../../../shared/store/store.js";
import { newIngest, T0 } from "../../support/app/ingests.js";
import { newSchedule } from "../../support/schedules/rows.js";

const at = T0;
const later = addMs(at, 1000);
const earlier = addMs(at, -1000);
const keys = { callerId: "caller", scheduleId: "sch-1" };
const room = { sdkAppId: 1400000000, roomId: "room", roomIdType: 1 } as const;

const schedule: Schedule = {
  ...newSchedule({ scheduleId: "sch-1", clientToken: "token" }),
  revision: 2,
  planAt: later,
  failures: 0,
};

const start = newIngest({
  taskId: "ing-1",
  robotUserId: "robot",
  schedule: { startsAt: later, startBy: later, asked: {}, heldUntil: null },
});

const occurrence = {
  scheduleId: "sch-1",
  nominalAt: at,
  startsAt: at,
  endsAt: later,
  localStart: null,
  revision: 2,
  state: "Planned",
  taskId: "ing-1",
  reason: null,
  detail: null,
} as const;

export function scheduleSamplesOf({ schedules }: Store): Record<string, () => Promise<unknown>> {
  const inside = (work: (writes: ScheduleWrites) => Promise<unknown>) => () =>
    schedules.transaction(work);
  return {
    "schedules.read": () => schedules.read(keys),
    "schedules.findByName": () => schedules.findByName({ callerId: "caller", name: "name" }),
    "schedules.findByToken": () =>
      schedules.findByToken({ callerId: "caller", clientToken: "token" }),
    "schedules.list": () => schedules.list({ callerId: "caller", limit: 11 }),
    "schedules.list, with every filter": () =>
      schedules.list({
        callerId: "caller",
        ...room,
        name: "name",
        state: "Paused",
        before: "sch-9",
        limit: 11,
      }),
    "schedules.count": () => schedules.count("caller"),
    "schedules.listInRoom": () =>
      schedules.listInRoom({ callerId: "caller", ...room, besides: "sch-1", limit: 11 }),
    "schedules.listOccurrences": () => schedules.listOccurrences({ callerId: "caller", limit: 11 }),
    "schedules.listOccurrences, with every filter": () =>
      schedules.listOccurrences({
        ...keys,
        ...room,
        state: "Running",
        from: earlier,
        to: later,
        before: { nominalAt: at, scheduleId: "sch-1" },
        limit: 11,
      }),
    "schedules.countOccurrences": () => schedules.countOccurrences("sch-1"),
    // The database has no rows, so the name looks taken by a row that is gone again each time.
    "schedules.transaction, insert": () =>
      inside((writes) => writes.insert(schedule))().catch(() => undefined),
    "schedules.transaction, lock": inside((writes) => writes.lock(keys)),
    "schedules.transaction, update": inside((writes) => writes.update(schedule)),
    "schedules.transaction, useName": inside((writes) =>
      writes.useName({ signature: "name", requestHash: "hash", at }),
    ),
    "schedules.transaction, swapName": inside((writes) =>
      writes.swapName({ signature: "name", requestHash: "hash", at }),
    ),
    "schedules.transaction, claim": inside((writes) => writes.claim({ at, limit: 11 })),
    "schedules.transaction, readOpenOccurrences": inside((writes) =>
      writes.readOpenOccurrences({ scheduleIds: ["sch-1"], at }),
    ),
    "schedules.transaction, insertStarts": inside((writes) => writes.insertStarts([start])),
    "schedules.transaction, cancelStarts": inside((writes) =>
      writes.cancelStarts({ taskIds: ["ing-1"], at }),
    ),
    "schedules.transaction, writeOccurrences": inside((writes) =>
      writes.writeOccurrences([occurrence]),
    ),
    "schedules.transaction, dropOccurrences": inside((writes) =>
      writes.dropOccurrences([occurrence]),
    ),
    "schedules.transaction, markPlanned": inside((writes) => writes.markPlanned([schedule])),
    "schedules.planAgain": () => schedules.planAgain({ tzdata: "2025b", at }),
    "schedules.readDuties": () =>
      schedules.readDuties({ at, tzdata: "2025b", forgetBefore: earlier }),
    "schedules.settle": () => schedules.settle({ at, limit: 11 }),
    "schedules.forgetOccurrences": () =>
      schedules.forgetOccurrences({ before: earlier, limit: 11 }),
    "schedules.forget": () => schedules.forget({ before: earlier, limit: 11 }),
  };
}
