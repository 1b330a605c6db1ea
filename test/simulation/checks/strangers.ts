/** Another program's tasks play on, unless the configuration stops tasks without a row. */
import { MINUTE_MS } from "../../../shared/clock.js";
import { UNCLAIMED_AFTER_MS } from "../../../shared/store/room-events/unclaimed.js";
import type { Check } from "./facts.js";

/** A run of the timer each minute, and one run lost to a crash. */
const STOPPED_WITHIN_MS = 4 * MINUTE_MS;

const othersAreLeftAlone: Check = {
  name: "others' tasks are theirs",
  objection(fact, { strangers, stopsUnclaimed, nowMs, skewMaxMs }) {
    if (fact.kind !== "task-ended" || !strangers.has(fact.task.taskId)) return undefined;
    if (!stopsUnclaimed) return "a task of somebody else's was ended, and nobody had said so";
    const ageMs = nowMs() - fact.task.startedAt.getTime();
    // The machine that first sees the task and the machine that stops it have different clocks.
    if (ageMs >= UNCLAIMED_AFTER_MS - 2 * skewMaxMs) return undefined;
    return `a task was ended ${ageMs} ms after its start, whose answer could still have come`;
  },
};

const unclaimedAreStopped: Check = {
  name: "liveness: what nobody knows is stopped where that is asked for",
  objection(fact, { strangers, stopsUnclaimed, trtc, takenMs, nowMs, faultsEndMs }) {
    if (fact.kind !== "moment" || !stopsUnclaimed) return undefined;
    for (const { taskId } of trtc.tasks.live()) {
      const sinceMs = takenMs.get(taskId);
      if (sinceMs === undefined || !strangers.has(taskId)) continue;
      const dueMs = Math.max(faultsEndMs(), sinceMs + UNCLAIMED_AFTER_MS);
      if (nowMs() - dueMs > STOPPED_WITHIN_MS) return `${taskId} plays, and TRTC has told of it`;
    }
    return undefined;
  },
};

export const STRANGERS = (): Check[] => [othersAreLeftAlone, unclaimedAreStopped];
