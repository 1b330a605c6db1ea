/** Occurrences that meet in one room, as operations of the store. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import { CUT_REASONS } from "../../../shared/store/schedules/schedule-row.js";
import { onAirSince } from "../../support/app/programmes.js";
import { deadlineOf, leaseMs, newRow, startOf } from "./new-row.js";
import { type Operation, operation, soonMs, taskId } from "./operation.js";
import { programmeOf } from "./programmes.js";

const cut = fc.record({ reason: fc.constantFrom(...CUT_REASONS), by: taskId });

export const overlapOperations: fc.Arbitrary<Operation>[] = [
  operation(
    { newRow, startsMs: soonMs, heldMs: fc.option(leaseMs), priority: fc.integer() },
    (store, { newRow: row, startsMs, heldMs, priority }, at) => {
      const startsAt = deadlineOf(row.taskId, at, startsMs);
      return store.ingests.beginStart({
        ...startOf({ ...row, clientToken: null, roomId: "1", roomIdType: 0 }, at),
        programme: programmeOf(at),
        occurrence: {
          scheduleId: row.taskId,
          nominalAt: startsAt.toISOString(),
          priority,
          overlapPolicy: "Skip",
        },
        schedule: {
          startsAt,
          startBy: addMs(startsAt, 60_000),
          asked: {},
          heldUntil: heldMs === null ? null : addMs(at, heldMs),
        },
        leaseMs: 0,
        waitMaxMs: 0,
      });
    },
  ),
  operation({ taskId }, async (store, drawn, at) => {
    const claimed = await store.ingests.read(drawn.taskId);
    return claimed && store.overlap.listOthers({ claimed, at });
  }),
  operation({ taskId, lateMs: soonMs }, async (store, { taskId: id, lateMs }, at) => {
    const claimed = await store.ingests.read(id);
    if (!claimed?.occurrence) return undefined;
    const lateBefore = addMs(at, -Math.abs(lateMs));
    const refusal = { code: "FailedOperation", message: "late" };
    return (await store.overlap.markPassedOver({ claimed, at, lateBefore, ...refusal })).sort();
  }),
  operation({ taskId, cut }, (store, drawn, at) => store.overlap.askCut({ ...drawn, at })),
  operation({ taskId, cut }, (store, drawn, at) =>
    store.scheduled.cancel({ ...drawn, cause: "cut", at }),
  ),
  operation(
    { taskId, soonMs, rollMs: fc.option(soonMs) },
    (store, { taskId: id, soonMs: ms, rollMs }, at) =>
      store.overlap.extend({
        taskId: id,
        until: deadlineOf(id, at, ms),
        rollAt: rollMs === null ? null : deadlineOf(id, at, rollMs),
      }),
  ),
  operation(
    {
      taskId,
      otherId: taskId,
      leaseMs,
      isStale: fc.boolean(),
      reason: fc.constantFrom(...CUT_REASONS),
    },
    async (store, { taskId: winnerId, otherId, isStale, ...how }, at) => {
      const winner = await store.ingests.read(winnerId);
      const loser = await store.ingests.read(otherId);
      if (!winner || !loser || winnerId === otherId) return undefined;
      return store.overlap.takeOver({
        ...how,
        winner: isStale ? { ...winner, advanceFence: winner.advanceFence - 1 } : winner,
        loser,
        programme: programmeOf(at),
        onAir: onAirSince(at, { due: "update", sendsAll: true }),
        streamUrl: "https://example.com/a.mp4",
        latestAt: winner.latestAt,
        at,
      });
    },
  ),
];
