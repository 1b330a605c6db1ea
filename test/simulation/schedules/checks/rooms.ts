/** Occurrences that meet in a room. */
import { SECOND_MS } from "../../../../shared/clock.js";
import type { Check, Known } from "../../checks/facts.js";
import type { StoredIngest } from "../../model/tables.js";
import type { Year } from "./checks.js";

/** Two answers on their way, and two clocks. */
const MEETING_MS = 2 * SECOND_MS;

const playsOn = ({ state, stopAskedAt, occurrence }: StoredIngest): boolean =>
  state === "running" && stopAskedAt === null && occurrence !== null;

/** A roll-over has a hidden row beside its own for some seconds. */
const playing = ({ rows }: Known): StoredIngest[] =>
  [...rows.values()].filter((row) => playsOn(row) && row.successorOf === null);

/** A takeover changes two rows at once, so the rows are compared before the next call leaves. */
const oneInARoom = ({ skewMaxMs }: Year): Check => ({
  name: "schedules: two occurrences never play in one room",
  objection(fact, known) {
    if (fact.kind !== "call-left") return undefined;
    const untilMs = known.nowMs() + skewMaxMs + MEETING_MS;
    const byRoom = new Map<string, StoredIngest>();
    for (const row of playing(known)) {
      if (row.deadlineAt.getTime() < untilMs) continue;
      const other = byRoom.get(row.roomId);
      if (other) return `${row.taskId} plays beside ${other.taskId} in ${row.roomId}`;
      byRoom.set(row.roomId, row);
    }
    return undefined;
  },
});

const priorityWins = ({ skewMaxMs }: Year): Check => ({
  name: "schedules: the higher priority wins",
  objection(fact, { nowMs, rows }) {
    if (fact.kind !== "row" || fact.row.endCause !== "cut") return undefined;
    if (fact.before?.endCause === "cut") return undefined;
    const { occurrence } = fact.row;
    const winner = rows.get(occurrence?.cut?.by ?? "");
    if (!winner?.occurrence || !occurrence) return undefined;
    if (winner.occurrence.priority < occurrence.priority) {
      return `${winner.taskId} has taken the room of ${fact.row.taskId}, whose priority is higher`;
    }
    const isOver = winner.deadlineAt.getTime() < nowMs() - skewMaxMs - MEETING_MS;
    return isOver ? `${winner.taskId} was over when it took the room` : undefined;
  },
});

/** The row that had the task before has ended. */
const oneRowPerTask = (): Check => ({
  name: "schedules: a task that was taken over has one row",
  objection(fact, { rows }) {
    if (fact.kind !== "call-left") return undefined;
    const byTask = new Map<string, StoredIngest>();
    for (const row of rows.values()) {
      if (row.trtcTaskId === null || row.state === "ended") continue;
      const other = byTask.get(row.trtcTaskId);
      if (other) return `${row.taskId} and ${other.taskId} have the task ${row.trtcTaskId}`;
      byTask.set(row.trtcTaskId, row);
    }
    return undefined;
  },
});

export const ROOMS = (year: Year): Check[] => [
  oneInARoom(year),
  priorityWins(year),
  oneRowPerTask(),
];
