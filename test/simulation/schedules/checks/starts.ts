/** Starts and ends: each at its time, once, and none after its schedule is gone. */
import { MINUTE_MS, SECOND_MS } from "../../../../shared/clock.js";
import type { Check } from "../../checks/facts.js";
import type { StoredIngest } from "../../model/tables.js";
import { keyOf } from "../record.js";
import type { Year } from "./checks.js";

const text = (ms: number): string => new Date(ms).toISOString();

const keyOfRow = ({ occurrence }: StoredIngest): string | undefined =>
  occurrence ? keyOf(occurrence.scheduleId, occurrence.nominalAt) : undefined;

/** Another robot may still come from a request without an answer. */
const isCertain = ({ lateStartUntil }: StoredIngest): boolean => lateStartUntil === null;

const oneIngestEach = ({ record }: Year): Check => ({
  name: "schedules: one ingest for each occurrence",
  objection(fact) {
    if (fact.kind !== "row") return undefined;
    const key = keyOfRow(fact.row);
    if (key === undefined) return undefined;
    const open = record
      .ingestsOf(key)
      .filter(({ playedMs, last }) => playedMs !== undefined || last.state !== "ended");
    return open.length > 1
      ? `${key} has ${open.map(({ taskId }) => taskId).join(" and ")}`
      : undefined;
  },
});

const neverEarly = ({ skewMaxMs }: Year): Check => ({
  name: "schedules: no occurrence starts before its time",
  objection(fact, { nowMs }) {
    if (fact.kind !== "task-began" || !fact.row.occurrence || !fact.row.startsAt) return undefined;
    const earlyMs = fact.row.startsAt.getTime() - skewMaxMs - nowMs();
    return earlyMs > 0 ? `${fact.row.taskId} began ${earlyMs} ms early` : undefined;
  },
});

/** Every revision of an occurrence has the same delay. */
function sameJitter({ record }: Year): Check {
  return {
    name: "schedules: the delay of an occurrence is always the same",
    objection(fact) {
      if (fact.kind !== "row" || fact.before || !fact.row.occurrence) return undefined;
      const { scheduleId, nominalAt } = fact.row.occurrence;
      const life = record.lifeOf(scheduleId);
      const delayMs = (fact.row.startsAt?.getTime() ?? 0) - Date.parse(nominalAt);
      const mostMs = (life?.asked.rules.definition.jitterSeconds ?? 0) * SECOND_MS;
      const allowedMs = Math.max(mostMs, ...(life?.periods ?? []).map(jitterMs));
      if (delayMs < 0 || delayMs > allowedMs) return `${nominalAt} is delayed by ${delayMs} ms`;
      const other = record.ingestsOf(keyOf(scheduleId, nominalAt)).find(({ taskId, startsMs }) => {
        const isOther = taskId !== fact.row.taskId && startsMs !== fact.row.startsAt?.getTime();
        return isOther && hasOneJitter(life?.periods ?? []);
      });
      return other ? `${nominalAt} was delayed otherwise by ${other.taskId}` : undefined;
    },
  };
}

const jitterMs = ({ rules }: { rules: { definition: { jitterSeconds: number } } }): number =>
  rules.definition.jitterSeconds * SECOND_MS;

const hasOneJitter = (periods: readonly Parameters<typeof jitterMs>[0][]): boolean =>
  new Set(periods.map(jitterMs)).size <= 1;

/** A missed stop is sent again by a timer, and each may be late. */
const STOP_LATE_MS = 25 * MINUTE_MS;

function endsOnTime({ mood, isQuietTime, skewMaxMs }: Year): Check {
  const lateMs = mood === "calm" ? 20 * SECOND_MS + skewMaxMs : STOP_LATE_MS;
  return {
    name: "schedules: an occurrence ends at its end",
    objection(fact, { nowMs, rows }) {
      if (fact.kind === "end") return undefined;
      if (fact.kind !== "row" && fact.kind !== "moment") return undefined;
      const looked = fact.kind === "row" ? [fact.row] : [...rows.values()];
      for (const { taskId, state, deadlineAt, occurrence } of looked) {
        if (!occurrence || (state !== "running" && state !== "stopping")) continue;
        const endMs = deadlineAt.getTime();
        if (nowMs() - endMs < lateMs || !isQuietTime(endMs - MINUTE_MS, nowMs())) continue;
        return `${taskId} still plays ${Math.round((nowMs() - endMs) / 1000)} s after its end`;
      }
      return undefined;
    },
  };
}

/** At most the newest open window is caught up. */
const onlyNewest = ({ record }: Year): Check => ({
  name: "schedules: at most the newest open window is caught up",
  objection(fact) {
    if (fact.kind !== "row" || fact.before || !fact.row.occurrence) return undefined;
    const { createdAt, startsAt, occurrence } = fact.row;
    if (!startsAt || startsAt >= createdAt) return undefined;
    const newer = [...record.ingests.values()].find(
      ({ taskId, key, startsMs, createdMs, last }) =>
        taskId !== fact.row.taskId &&
        key.startsWith(`${occurrence.scheduleId} `) &&
        startsMs > startsAt.getTime() &&
        startsMs <= createdAt.getTime() &&
        createdMs <= createdAt.getTime() + MINUTE_MS &&
        last.deadlineAt > createdAt,
    );
    return newer ? `${fact.row.taskId} is caught up beside the newer ${newer.taskId}` : undefined;
  },
});

const nothingAfterDelete = ({ record }: Year): Check => ({
  name: "schedules: nothing plays after a delete with StopRunning",
  objection(fact, { nowMs }) {
    if (fact.kind !== "task-began" || !fact.row.occurrence) return undefined;
    const life = record.lifeOf(fact.row.occurrence.scheduleId);
    const lateMs = nowMs() - (life?.stoppedMs ?? Infinity);
    return lateMs > 0 && isCertain(fact.row)
      ? `${fact.row.taskId} began ${lateMs} ms after the answer`
      : undefined;
  },
});

const stoppedWithDelete = ({ record, isQuietTime }: Year): Check => ({
  name: "schedules: a delete with StopRunning stops what plays",
  objection(fact, { nowMs, rows }) {
    if (fact.kind !== "moment") return undefined;
    for (const { taskId, state, occurrence } of rows.values()) {
      if (!occurrence || state !== "running") continue;
      const stoppedMs = record.lifeOf(occurrence.scheduleId)?.stoppedMs ?? Infinity;
      const isOver = nowMs() - stoppedMs > STOP_LATE_MS && isQuietTime(stoppedMs, nowMs());
      if (isOver) return `${taskId} still plays at ${text(nowMs())}`;
    }
    return undefined;
  },
});

const pausesAfterFailures = ({ record }: Year): Check => ({
  name: "schedules: a schedule is paused after as many failures as it says",
  objection(fact) {
    if (fact.kind !== "moment") return undefined;
    return record.lives.find(({ wrongPause }) => wrongPause !== undefined)?.wrongPause;
  },
});

export const STARTS = (year: Year): Check[] => [
  oneIngestEach(year),
  neverEarly(year),
  sameJitter(year),
  endsOnTime(year),
  onlyNewest(year),
  nothingAfterDelete(year),
  stoppedWithDelete(year),
  pausesAfterFailures(year),
];
