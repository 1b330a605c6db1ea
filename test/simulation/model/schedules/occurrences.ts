/** shared/store/schedules/occurrences.ts and outcomes.ts, statement by statement. */
import type {
  OccurrenceFilter,
  ShownOccurrence,
  ShownState,
} from "../../../../shared/store/schedules/occurrences.js";
import type {
  Occurrence,
  OccurrenceState,
} from "../../../../shared/store/schedules/schedule-row.js";
import type { StoredIngest, Tables } from "../tables.js";
import { isLike } from "./schedules.js";

type Key = Pick<Occurrence, "scheduleId" | "nominalAt">;

export const keyOf = ({ scheduleId, nominalAt }: Key): string =>
  `${scheduleId} ${nominalAt.toISOString()}`;

export function putOccurrence({ occurrences }: Tables, occurrence: Occurrence): Occurrence {
  occurrences.set(keyOf(occurrence), occurrence);
  return occurrence;
}

export const ingestOf = (
  { ingests }: Tables,
  { taskId }: Pick<Occurrence, "taskId">,
): StoredIngest | undefined => (taskId === null ? undefined : ingests.get(taskId));

export interface Outcome {
  state: OccurrenceState;
  reason: string | null;
  detail: string | null;
}

/** What an ingest that has ended says about its occurrence. */
export function outcomeOf(ingest: StoredIngest): Outcome {
  const { endCause, endReason, startedAt, failureCode, failureMessage, occurrence } = ingest;
  const cut = occurrence?.cut;
  const hasPlayed = startedAt !== null;
  if (endCause === "cut") {
    const state = hasPlayed ? "Cut" : "Skipped";
    return { state, reason: cut?.reason ?? null, detail: cut?.by ?? null };
  }
  const hasFailed = endReason === "failed";
  const detail = hasFailed ? failureMessage : null;
  if (endCause === "missed") return { state: "Missed", reason: "Late", detail };
  if (hasFailed) return { state: "Failed", reason: failureCode ?? "failed", detail };
  if (!hasPlayed) return { state: "Skipped", reason: "Stopped", detail };
  return { state: "Done", reason: endReason, detail };
}

function shownOf(tables: Tables, occurrence: Occurrence): ShownOccurrence {
  const { scheduleId, settledAt, state, reason, detail } = occurrence;
  const ingest = ingestOf(tables, occurrence);
  const isOver = settledAt === null && ingest?.state === "ended";
  const isRunning = state === "Planned" && (ingest?.startedAt ?? null) !== null;
  const shown = isOver
    ? outcomeOf(ingest)
    : { state: isRunning ? ("Running" as const) : state, reason, detail };
  return {
    ...occurrence,
    ...shown,
    name: tables.schedules.get(scheduleId)?.name ?? "",
    startedAt: ingest?.startedAt ?? occurrence.startedAt,
    endedAt: ingest?.endedAt ?? occurrence.endedAt,
  };
}

export function listOccurrences(tables: Tables, filter: OccurrenceFilter): ShownOccurrence[] {
  const { scheduleId, state, from, to, before, limit, ...ofSchedule } = filter;
  const order = (one: Key, other: Key): number =>
    other.nominalAt.getTime() - one.nominalAt.getTime() ||
    (one.scheduleId < other.scheduleId ? 1 : -1);
  return [...tables.occurrences.values()]
    .filter((one) => {
      const schedule = tables.schedules.get(one.scheduleId);
      return schedule !== undefined && isLike(schedule, ofSchedule);
    })
    .map((one) => shownOf(tables, one))
    .filter((one) => isLike(one, { scheduleId, state }))
    .filter(({ nominalAt }) => from === undefined || nominalAt >= from)
    .filter(({ nominalAt }) => to === undefined || nominalAt < to)
    .filter(
      (one) => before === undefined || (keyOf(one) !== keyOf(before) && order(before, one) < 0),
    )
    .sort(order)
    .slice(0, limit);
}

export function countOccurrences(
  tables: Tables,
  scheduleId: string,
): Partial<Record<ShownState, number>> {
  const counts: Partial<Record<ShownState, number>> = {};
  for (const occurrence of tables.occurrences.values()) {
    if (occurrence.scheduleId !== scheduleId) continue;
    const { state } = shownOf(tables, occurrence);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}
