/**
 * A year of schedules on the model of the store, across changes of the clocks and of the time zone
 * data. Nothing happens between due instants, so it takes seconds.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { DEFAULT_SWITCHES } from "../../../emulator/admin/switches.js";
import { bringCallbacks, dismissAt, tellFalseEndAt } from "../actors/callbacks.js";
import { APPLICATION } from "../actors/settings.js";
import { CHECKS } from "../checks/checks.js";
import { makeFacts, type Violation } from "../checks/facts.js";
import { knownAtFirst } from "../checks/known.js";
import { makeFaultPlan } from "../faults.js";
import { makeHistory } from "../history.js";
import { makeTables, type Tables } from "../model/tables.js";
import { lookAt } from "../platform/behind.js";
import type { Machine } from "../platform/machines.js";
import { makePlatform, type Patch } from "../platform/platform.js";
import { makeTimeline } from "../platform/timeline.js";
import { makeTrtcSide } from "../platform/trtc-side.js";
import type { World } from "../platform/world.js";
import type { Random } from "../random.js";
import type { Verdict } from "../simulation.js";
import { checksOfYear } from "./checks/checks.js";
import {
  drawYear,
  faultlessSinceMs,
  isDuring,
  isQuietTime,
  randomOfYear,
  textOf,
} from "./drawn/drawn-year.js";
import { employCallers } from "./employ-callers.js";
import { forgetOld } from "./forget-old.js";
import { makeMoments } from "./moments.js";
import { makeYearRecord } from "./record.js";
import { configFor, LONGEST_MS } from "./settings.js";
import { DAY_MS, DAYS, END_MS, FAULTS_END_MS, START_MS } from "./drawn/span.js";
import { runSparseTimers } from "./sparse-timers.js";
import { NEW, newZones, OLD, oldZones } from "./drawn/zones.js";

/** In a year without a bug, no hour has a tenth of it. */
const MOST_AN_HOUR = 200_000;

/** After a pause, starts and stops are late, and calls are many. */
const CALM_AFTER_MS = 240 * MINUTE_MS;

export interface YearOptions {
  seed: number;
  patch?: Patch | undefined;
  /** How many events are kept for a report. Those of a whole year take much memory. */
  historyMost?: number;
}

export async function simulateYear({
  seed,
  patch,
  historyMost = 20_000,
}: YearOptions): Promise<Verdict> {
  const random = randomOfYear(seed);
  const year = drawYear(random, seed);
  const { mood, skewMaxMs, outages, pauses, change, machines, flips, callbacks } = year;
  const timeline = makeTimeline(START_MS);
  const history = makeHistory(timeline.nowMs, historyMost);
  const isOver = () => timeline.nowMs() >= FAULTS_END_MS;
  const faults = makeFaultPlan({ mood, random: random.fork(), isOver });
  const trtc = makeTrtcSide({
    ...{ timeline, application: APPLICATION, callbacks },
    switches: DEFAULT_SWITCHES,
  });
  const record = makeYearRecord();
  const range = { fromMs: START_MS, toMs: END_MS + 3 * DAY_MS, change };
  const checks = checksOfYear({
    ...{ record, range, mood, skewMaxMs },
    isQuietTime: (fromMs, toMs) => isQuietTime(year, fromMs, toMs),
  });
  const faultsEndMs = () => faultlessSinceMs(year, timeline.nowMs());
  const facts = makeFacts({
    known: knownAtFirst({
      ...{ timeline, trtc, machines, startMs: START_MS, longestMs: LONGEST_MS },
      setting: {
        skewMaxMs,
        mood,
        stopsUnclaimed: false,
        hasQuotas: false,
        hasBudgets: false,
        crowd: undefined,
      },
      faultsEndMs,
      isCalm: () => mood === "calm" && timeline.nowMs() - faultsEndMs() > CALM_AFTER_MS,
    }),
    checks: [...checks, ...CHECKS()],
    intentOf: ({ taskId }) => taskId,
    history,
  });
  const tables: Tables = { ...makeTables(), changed: [] };
  const lookAtRows = lookAt({ tables }, facts);
  const moments = makeMoments({ timeline, facts });
  const world: World = {
    config: configFor(year),
    timeline,
    faults,
    history,
    machines,
    trtc,
    facts,
    random: random.fork(),
    isDatabaseDown: () => isDuring(outages, timeline.nowMs()),
    afterStatement(name, rows) {
      const { changed = [] } = tables;
      for (const row of changed) {
        if (record.seeIngest(row, timeline.nowMs()) === "plays") disturb?.();
      }
      for (const taskId of record.takeStopped()) facts.known.stopAsked.add(taskId);
      const isOfSchedules = name.startsWith("schedules.") && name !== "schedules.readDuties";
      if (isOfSchedules) record.look(tables, timeline.nowMs());
      const hasChanged = changed.length > 0;
      void lookAtRows(name, rows);
      if (hasChanged) moments.soon();
      if (hasChanged || isOfSchedules) timers.look();
    },
  };
  const disturb = callbacks && disturbing(world, callbacks.fork());
  const newer = newZones(change);
  const hasNewer = (machine: Machine) => (flips.get(machine) ?? Infinity) <= timeline.nowMs();
  const platform = makePlatform({
    ...{ world, behind: { tables }, patch },
    zonesOf: (machine) => (hasNewer(machine) ? newer : oldZones),
  });
  const timers = runSparseTimers({
    ...{ world, platform, tables },
    newestTz: () => (machines.some(hasNewer) ? NEW : OLD),
    isLive({ trtcTaskId }) {
      const task = trtc.tasks.find(trtcTaskId ?? "");
      return task !== undefined && trtc.tasks.isLive(task);
    },
    isAway: () => isDuring(pauses, timeline.nowMs()),
  });
  // Every timer looks again when an instance has newer data.
  for (const flipMs of flips.values()) timeline.at(flipMs + 1, () => timers.look());
  employCallers({ world, platform, record, range, random, mayFail: callbacks !== undefined });
  if (callbacks) bringCallbacks(world, platform, callbacks.fork());
  for (let day = 1; day <= DAYS; day += 1) {
    timeline.at(START_MS + day * DAY_MS, () => {
      facts.tell({ kind: "moment" });
      forgetOld(tables, facts.known.rows, timeline.nowMs());
    });
  }
  const isDecided = () => facts.violation() !== undefined || platform.bug() !== undefined;
  const endless = await timeline.run({
    untilMs: END_MS,
    isOver: isDecided,
    mostAnHour: MOST_AN_HOUR,
  });
  if (!isDecided() && endless === undefined) facts.tell({ kind: "end" });
  const violation = facts.violation() ?? otherViolation(platform.bug(), endless);
  return { seed, violation, coverage: faults.coverage, history, setting: textOf(year) };
}

/** Now and then, the room of an occurrence is dismissed, or its end is reported wrongly. */
function disturbing(world: World, random: Random): () => void {
  const soonMs = () => world.timeline.nowMs() + random.between(5 * SECOND_MS, 9 * MINUTE_MS);
  return () => {
    if (random.chance(0.02)) dismissAt(world, random, soonMs());
    if (random.chance(0.02)) tellFalseEndAt(world, random, soonMs());
  };
}

function otherViolation(
  bug: string | undefined,
  endless: string | undefined,
): Violation | undefined {
  if (bug !== undefined) return { check: "a bug", seen: bug, about: [] };
  return endless === undefined
    ? undefined
    : { check: "a year has an end", seen: endless, about: [] };
}
