/** Programmes: what plays is what the clock says, and every item comes in its turn. */
import { SECOND_MS } from "../../../shared/clock.js";
import { aimAt, isSameTarget } from "../../../shared/ingest/programme/next-step.js";
import { urlOf } from "../../../shared/ingest/programme/play-now.js";
import { asReported } from "../../../shared/ingest/programme/reported.js";
import { isOver, placeAfter, placeAt } from "../../../shared/ingest/programme/timeline.js";
import type { OnAir, Programme, Target } from "../../../shared/store/programmes/programme-row.js";
import type { Task } from "../../../emulator/tasks/task.js";
import type { StoredIngest } from "../model/tables.js";
import { isDown, outagesOf } from "../platform/sources.js";
import { isListOver, isSuccessor, mayStartLate } from "./exclusions.js";
import type { Check, Known } from "./facts.js";

type Playing = StoredIngest & { programme: Programme; onAir: OnAir };

const isPlaying = (row: StoredIngest): row is Playing =>
  row.programme !== null && row.onAir !== null && !isSuccessor(row);

const lateBy = (known: Known, sinceMs: number): number =>
  known.nowMs() - Math.max(known.faultsEndMs(), sinceMs);

const seconds = (ms: number): string => `${Math.round(ms / SECOND_MS)} s`;

const placeText = ({ index, round }: Pick<Target, "index" | "round">): string =>
  `item ${index} of round ${round}`;

/** Only a skip and the first start set it: a switch never moves the clock of its list. */
const clockIsFixed: Check = {
  name: "programmes: the clock of a list moves only where an item is skipped",
  objection(fact) {
    if (fact.kind !== "row" || !fact.before) return undefined;
    if (isSuccessor(fact.row)) return undefined;
    const { programme: before } = fact.before;
    const { programme: after } = fact.row;
    if (!before || !after) return undefined;
    const [was, is] = [before.anchor, after.anchor];
    if (was.at === is.at && was.index === is.index && was.round === is.round) return undefined;
    if (is.at === null) return "the clock of the list has no anchor any more";
    if (was.at === null) {
      const isFirst = was.index === is.index && was.round === is.round;
      return isFirst ? undefined : `the list began at ${placeText(is)}`;
    }
    const place = placeAt(before, new Date(is.at));
    const next = isOver(place) ? undefined : placeAfter(before, place);
    if (next && next.index === is.index && next.round === is.round) return undefined;
    return `the list went on at ${placeText(is)}, and ${next ? placeText(next) : "nothing"} came next`;
  },
};

const orderOf = ({ round, index }: Target): number => round * 1000 + index;

/**
 * A restart writes what was on air when its row was read. The start after it follows the clock. A
 * fresh task may still play the item before, where the clock switched while it entered. Then the
 * next step is due at once.
 */
function itemsInOrder(): Check {
  const lastOnAir = new Map<string, OnAir>();
  return {
    name: "programmes: items come in their order, each once a round",
    objection(fact, { nowMs, skewMaxMs }) {
      if (fact.kind !== "row" || !isPlaying(fact.row) || fact.row.state !== "running") {
        return undefined;
      }
      const { onAir, programme, taskId, stepAt } = fact.row;
      const before = lastOnAir.get(taskId);
      lastOnAir.set(taskId, onAir);
      const hasRolled = onAir.rolledOver !== (before?.rolledOver ?? 0);
      if (hasRolled && stepAt !== null && stepAt.getTime() <= nowMs() + skewMaxMs) return undefined;
      if (before && orderOf(onAir) < orderOf(before)) {
        return `${placeText(onAir)} came after ${placeText(before)}`;
      }
      if (before && isSameTarget(before, onAir)) return undefined;
      const place = placeAt(programme, new Date(onAir.since));
      if (isOver(place) || orderOf({ ...onAir, ...place }) === orderOf(onAir)) return undefined;
      return `${placeText(onAir)} came on air, and the clock said ${placeText(place)}`;
    },
  };
}

/** A failure counts for the item in which it happened. */
function failuresAreOwn(): Check {
  const begunMs = new Map<string, number>();
  return {
    name: "programmes: a failure counts for its own item",
    objection(fact, { nowMs, skewMaxMs }) {
      if (fact.kind !== "row" || !isPlaying(fact.row)) return undefined;
      const { taskId, onAir } = fact.row;
      const before = fact.before?.onAir;
      if (!before || orderOf(before) !== orderOf(onAir)) {
        begunMs.set(taskId, Math.min(nowMs(), Date.parse(onAir.since)));
      }
      const sinceMs = (begunMs.get(taskId) ?? 0) - 2 * skewMaxMs;
      const failed = Object.values(onAir.failed).find(({ at }) => Date.parse(at) < sinceMs);
      return failed && `${placeText(onAir)} has the failure of ${failed.at}`;
    },
  };
}

/** The timer of ten seconds, a claim of a killed instance, and its own work. */
const SETTLED_MS = 45 * SECOND_MS;

/** A switch of the clock, with a statement, a slot and the network. */
const SWITCH_MS = 2 * SECOND_MS;

/** A source that TRTC refused is followed by the next one after a pause. */
const SOURCE_MS = 5 * SECOND_MS;

const lastUrlOf = ({ awaited, streamUrl }: Task): string => awaited.at(-1)?.streamUrl ?? streamUrl;

/**
 * An update that nobody answered is sent again. The first request may still arrive, up to five
 * minutes late, and then replaces the source of the second one. We cannot recall it.
 */
function clockIsKept(): Check {
  const signed = new Map<string, { lastMs: number; isOvertaken: boolean }>();
  return {
    name: "programmes: what plays is what the clock says",
    objection(fact, known) {
      if (fact.kind === "source-changed") {
        const { task, call } = fact;
        const { lastMs } = signed.get(task.taskId) ?? { lastMs: 0 };
        const isOvertaken = call.signedMs < lastMs;
        signed.set(task.taskId, { lastMs: Math.max(lastMs, call.signedMs), isOvertaken });
      }
      if (fact.kind !== "moment") return undefined;
      for (const row of known.rows.values()) {
        const wrong = isPlaying(row) && wrongSource(row, known);
        if (wrong) return `${row.taskId}: ${wrong}`;
      }
      return undefined;
    },
  };

  function wrongSource(row: Playing, known: Known): string | undefined {
    const { state, pausedAt, stopAskedAt, onAir, programme, deadlineAt } = row;
    if (state !== "running" || pausedAt !== null || stopAskedAt !== null) return undefined;
    if (lateBy(known, known.stateSinceMs.get(row.taskId) ?? 0) < SETTLED_MS) return undefined;
    if (deadlineAt.getTime() <= known.nowMs()) return undefined;
    const task = known.trtc.tasks.find(row.trtcTaskId ?? "");
    if (!task || !known.trtc.tasks.isLive(task)) return undefined;
    const now = new Date(known.nowMs());
    if (lateBy(known, failedAtMs(onAir)) < SOURCE_MS) return undefined;
    const target = steadyTarget(row, known, SWITCH_MS);
    if (target && orderOf(target) !== orderOf(onAir)) {
      return `${placeText(onAir)} is on air, and the clock says ${placeText(target)}`;
    }
    const source = steadyTarget({ ...row, onAir: asReported(row, now) ?? onAir }, known, SOURCE_MS);
    if (!source) return undefined;
    if (!isSameTarget(source, onAir)) return `${onAir.source} is on air, and not ${source.source}`;
    // TRTC may have refused the source, and is asked again after a pause.
    const isRefused = (onAir.failed[onAir.source]?.nextAt ?? null) !== null;
    if (isRefused || signed.get(task.taskId)?.isOvertaken === true) return undefined;
    const [plays, url] = [lastUrlOf(task), urlOf(programme, onAir)];
    return plays === url ? undefined : `TRTC plays ${plays}, and the row says ${url}`;
  }
}

/** The last failure of a source; 0: none. */
const failedAtMs = ({ failed }: OnAir): number =>
  Math.max(0, ...Object.values(failed).map(({ at }) => Date.parse(at)));

/** `undefined` where it has changed within this time. */
function steadyTarget(
  { programme, onAir }: Playing,
  { nowMs, skewMaxMs }: Known,
  withinMs: number,
): Target | undefined {
  const [now, earlier] = [skewMaxMs, -withinMs - skewMaxMs].map((ms) =>
    aimAt(programme, onAir, new Date(nowMs() + ms)),
  );
  if (now?.kind !== "play" || earlier?.kind !== "play") return undefined;
  return isSameTarget(now.target, earlier.target) ? now.target : undefined;
}

/** It enters, plays, and takes over; then the old task gets its slot. */
const OVERLAP_MS = 10 * SECOND_MS;

const overlapsAreShort: Check = {
  name: "programmes: with nothing failing, two robots play only while one takes over",
  objection(fact, known) {
    if (fact.kind !== "moment" || !known.isCalm()) return undefined;
    const live = known.trtc.tasks.live();
    const playing = (row: StoredIngest | undefined) =>
      live.find(({ taskId }) => row !== undefined && taskId === row.trtcTaskId);
    for (const row of known.rows.values()) {
      const own = isSuccessor(row) && playing(row);
      const other = own && playing(known.rows.get(row.successorOf ?? ""));
      if (!own || !other) continue;
      const bothMs = known.nowMs() - Math.max(+own.startedAt, +other.startedAt);
      if (bothMs > OVERLAP_MS)
        return `${own.taskId} and ${other.taskId} play for ${seconds(bothMs)}`;
    }
    return undefined;
  },
};

/** The pause before a failed source is read, two readings, and the steps after them. */
const READ_WITHIN_MS = 45 * SECOND_MS;
const PAUSE_MIN_MS = 5 * SECOND_MS;
const PAUSE_MAX_MS = 60 * SECOND_MS;
const CLEAR_MAX_MS = 600 * SECOND_MS;

const mainComesBack: Check = {
  name: "programmes: a main source that is well again comes back",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const row of known.rows.values()) {
      const lateMs = row.state === "running" && isPlaying(row) ? awayTooLongMs(row, known) : 0;
      if (lateMs > 0) return `${row.taskId} stays with another source for ${seconds(lateMs)}`;
    }
    return undefined;
  },
};

function awayTooLongMs(row: Playing, known: Known): number {
  const { programme, onAir, stopAskedAt, pausedAt } = row;
  const { primary } = onAir.failed;
  const { preference, backupUrl, clearSeconds } = programme;
  const isMeant = preference === "Equal" && backupUrl !== null;
  if (stopAskedAt !== null || pausedAt !== null) return 0;
  if (onAir.source === "primary" || !primary || isMeant) return 0;
  if (isOver(placeAt(programme, new Date(known.nowMs())))) return 0;
  const wellMs = wellSinceMs(programme.items[onAir.index]?.StreamUrl ?? "", known);
  if (wellMs === undefined) return 0;
  const clearMs = Math.min(clearSeconds * SECOND_MS * 2 ** (primary.times - 1), CLEAR_MAX_MS);
  const pauseMs = Math.min(PAUSE_MIN_MS * 2 ** (primary.times - 1), PAUSE_MAX_MS);
  const sinceMs = Math.max(wellMs, Date.parse(primary.at), Date.parse(onAir.since));
  return lateBy(known, sinceMs) - clearMs - pauseMs - READ_WITHIN_MS;
}

/** `undefined` while it is down. */
function wellSinceMs(url: string, { nowMs, startMs }: Known): number | undefined {
  const ms = nowMs() - startMs;
  if (isDown(url, ms)) return undefined;
  const ends = outagesOf(url).map(({ to }) => to * SECOND_MS);
  return startMs + Math.max(0, ...ends.filter((end) => end <= ms));
}

/** The deadline's own stop, and what a killed instance leaves behind. */
const OVER_MS = 240 * SECOND_MS;

const endsAtItsDeadline: Check = {
  name: "programmes: over at its deadline, whatever happened",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const row of known.rows.values()) {
      if (!isPlaying(row) || row.state === "ended") continue;
      const dueMs = Math.max(row.deadlineAt.getTime(), row.lateStartUntil?.getTime() ?? 0);
      const lateMs = lateBy(known, dueMs);
      if (lateMs > OVER_MS) return `${row.taskId} is ${row.state} ${seconds(lateMs)} after it`;
    }
    return undefined;
  },
};

const listsEnd: Check = {
  name: "programmes: a list that is over ends as finished, or gives way to its filler",
  objection(fact, known) {
    if (fact.kind === "moment") {
      for (const row of known.rows.values()) {
        const lateMs = row.state === "running" && isPlaying(row) ? goesOnForMs(row, known) : 0;
        if (lateMs > SETTLED_MS) return `${row.taskId} goes on ${seconds(lateMs)} after its list`;
      }
      return undefined;
    }
    if (fact.kind !== "row" || fact.row.state !== "ended" || fact.before?.state === "ended") {
      return undefined;
    }
    const { row } = fact;
    if (!isPlaying(row) || row.endReason !== "finished" || mayStartLate(row)) return undefined;
    const endedMs = (row.endedAt?.getTime() ?? 0) + 2 * known.skewMaxMs;
    return isListOver(row.programme, endedMs)
      ? undefined
      : "it has finished, and its list is not over";
  },
};

function goesOnForMs({ taskId, programme, stopAskedAt, pausedAt }: Playing, known: Known) {
  if (stopAskedAt !== null || pausedAt !== null) return 0;
  const place = placeAt(programme, new Date(known.nowMs()));
  if (!isOver(place) || programme.fillerUrl !== null) return 0;
  const sinceMs = Math.max(place.overAt.getTime(), known.stateSinceMs.get(taskId) ?? 0);
  return lateBy(known, sinceMs);
}

/** A backup takes over also where KeepAlive is off. */
const BACKUPS_PER_HOUR = 12;

const HOUR_MS = 3600 * SECOND_MS;

function restartsAreFew(): Check {
  const restartsMs = new Map<string, number[]>();
  return {
    name: "programmes: no more restarts within an hour than RestartsPerHour",
    objection(fact, { nowMs, skewMaxMs }) {
      if (fact.kind !== "row" || !isPlaying(fact.row)) return undefined;
      const { taskId, onAir, programme } = fact.row;
      const known = restartsMs.get(taskId) ?? [];
      if (onAir.restarts <= known.length) return undefined;
      const all = [...known, nowMs()];
      restartsMs.set(taskId, all);
      const restarts = all.filter((ms) => ms > nowMs() - HOUR_MS + 2 * skewMaxMs).length;
      const { restartsPerHour, backupUrl } = programme;
      const hasOther = backupUrl !== null || programme.fillerUrl !== null;
      const most = hasOther ? Math.max(restartsPerHour, BACKUPS_PER_HOUR) : restartsPerHour;
      if (restarts <= most) return undefined;
      return `it was started again ${restarts} times, and may be ${most} times`;
    },
  };
}

export const PROGRAMMES = (): Check[] => [
  clockIsFixed,
  itemsInOrder(),
  failuresAreOwn(),
  clockIsKept(),
  overlapsAreShort,
  mainComesBack,
  endsAtItsDeadline,
  listsEnd,
  restartsAreFew(),
];
