/**
 * A year of schedules on the model of the store, across changes of the clocks and of the time zone
 * data. Nothing happens between due instants, so it takes seconds.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { readConfig } from "../../../shared/config/configuration.js";
import { DEFAULT_SWITCHES } from "../../../emulator/admin/switches.js";
import { knownAtFirst } from "../checks/known.js";
import { makeFacts } from "../checks/facts.js";
import { makeFaultPlan, type Mood } from "../faults.js";
import { makeHistory } from "../history.js";
import { makeTables, type Tables } from "../model/tables.js";
import { lookAt } from "../platform/behind.js";
import { makeMachines, type Machine } from "../platform/machines.js";
import { makePlatform, type Patch } from "../platform/platform.js";
import { makeTimeline } from "../platform/timeline.js";
import { makeTrtcSide } from "../platform/trtc-side.js";
import type { World } from "../platform/world.js";
import { makeRandom, type Random } from "../random.js";
import type { Verdict } from "../simulation.js";
import { DAY_MS, liveSchedule } from "./callers.js";
import { checksOfYear } from "./checks/checks.js";
import { drawRules, ZONES } from "./draw.js";
import { changesOf } from "./oracle.js";
import { makeYearRecord } from "./record.js";
import { runSparseTimers } from "./sparse-timers.js";
import { NEW, newZones, OLD, oldZones } from "./zones.js";

const SDK_APP_ID = 1_600_000_000;
const APPLICATION = {
  sdkAppId: SDK_APP_ID,
  secretKey: "simulated-application-key",
  site: "intl",
} as const;

const CALLER_ID = "backend";

const CONFIG = readConfig({
  CALLERS: JSON.stringify([
    {
      Id: CALLER_ID,
      SecretKeys: ["secret-key-of-the-simulation"],
      SdkAppIds: [SDK_APP_ID],
      MaxDuration: 1440,
    },
  ]),
  ALLOW_PRIVATE_STREAM_HOSTS: "on",
  TRTC_APPS: JSON.stringify([{ SdkAppId: SDK_APP_ID, SecretKey: APPLICATION.secretKey }]),
});

/** 29 February 2028 is in it. */
const START_MS = Date.parse("2027-07-01T00:00:00Z");
const YEAR_MS = 366 * DAY_MS;
const END_MS = START_MS + YEAR_MS;

/** Longer than functions are away. No planning looks so far back. */
const SETTLED_KEPT_MS = 5 * DAY_MS;

/** Faults end so long before the end, so that all is over by then. */
const CALM_AT_LAST_MS = 6 * DAY_MS;

export interface YearOptions {
  seed: number;
  patch?: Patch | undefined;
  /** How many events are kept for a report. Those of a whole year take much memory. */
  historyMost?: number;
}

type Away = readonly (readonly [fromMs: number, toMs: number])[];

const isDuring = (away: Away, ms: number): boolean =>
  away.some(([fromMs, toMs]) => fromMs <= ms && ms < toMs);

export async function simulateYear({
  seed,
  patch,
  historyMost = 20_000,
}: YearOptions): Promise<Verdict> {
  const random = makeRandom(2 ** 51 + seed);
  const mood: Mood = random.pick(["calm", "calm", "some faults"]);
  const skewMaxMs = random.pick([0, 50, 500]);
  const outages = mood === "calm" ? [] : drawAway(random, 3, 12);
  const pauses = random.chance(0.6) ? drawAway(random, 4, 40) : [];
  const change = drawChange(random);
  const setting = `${mood}, clocks differ by ${skewMaxMs} ms, ${change.name} keeps its offset from ${new Date(change.fromMs).toISOString()}`;

  const timeline = makeTimeline(START_MS);
  const history = makeHistory(timeline.nowMs, historyMost);
  const isFaultless = () => timeline.nowMs() >= END_MS - CALM_AT_LAST_MS;
  const faults = makeFaultPlan({ mood, random: random.fork(), isOver: isFaultless });
  const trtc = makeTrtcSide({
    ...{ timeline, application: APPLICATION },
    switches: DEFAULT_SWITCHES,
    callbacks: undefined,
  });
  const count = random.between(2, 4);
  const machines = makeMachines({ count, skewMaxMs, random, nowMs: START_MS });
  const record = makeYearRecord();
  const range = { fromMs: START_MS, toMs: END_MS + 3 * DAY_MS, change };
  const isQuietTime = (fromMs: number, toMs: number) =>
    [...outages, ...pauses].every(([from, to]) => to < fromMs || from > toMs);
  const checks = checksOfYear({ record, range, mood, skewMaxMs, isQuietTime, endMs: END_MS });
  const facts = makeFacts({
    known: knownAtFirst({
      ...{ timeline, trtc, machines, startMs: START_MS },
      setting: { skewMaxMs, mood, stopsUnclaimed: false, hasQuotas: false, crowd: undefined },
      faultsEndMs: END_MS - CALM_AT_LAST_MS,
    }),
    checks,
    intentOf: ({ taskId }) => taskId,
    history,
  });
  const tables: Tables = { ...makeTables(), changed: [] };
  const lookAtRows = lookAt({ tables }, facts);
  const world: World = {
    config: CONFIG,
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
      for (const row of changed) record.seeIngest(row, timeline.nowMs());
      const isOfSchedules = name.startsWith("schedules.") && name !== "schedules.readDuties";
      if (isOfSchedules) record.look(tables, timeline.nowMs());
      const isChanged = changed.length > 0 || isOfSchedules;
      void lookAtRows(name, rows);
      if (isChanged) timers.look();
    },
  };
  const flips = drawFlips(random, machines, change.fromMs);
  const newer = newZones(change);
  const hasNewer = (machine: Machine) => (flips.get(machine) ?? Infinity) <= timeline.nowMs();
  const platform = makePlatform({
    ...{ world, behind: { tables }, patch },
    zonesOf: (machine) => (hasNewer(machine) ? newer : oldZones),
  });
  const timers = runSparseTimers({
    ...{ world, platform, tables },
    newestTz: () => (machines.some(hasNewer) ? NEW : OLD),
    isAway: () => isDuring(pauses, timeline.nowMs()),
  });
  // Every timer looks again when an instance has newer data.
  for (const flipMs of flips.values()) timeline.at(flipMs + 1, () => timers.look());

  const dates = Array.from({ length: 366 }, (_, day) =>
    new Date(START_MS + day * DAY_MS).toISOString().slice(0, 10),
  );
  const caller = CONFIG.callers.get(CALLER_ID);
  if (!caller) throw new Error("the caller has no entry");
  const lives = Array.from({ length: random.between(2, 4) }, (_, index) => {
    const room = random.pick(["hall", "stage"]);
    const name = `s${index + 1}`;
    const draw = (own: Random) => drawRules(own, { sdkAppId: SDK_APP_ID, room, name, dates });
    const asked = { rules: draw(random.fork()), state: "Enabled" as const };
    const life = { name, asked, periods: [], skips: new Map<number, number>() };
    record.lives.push({ ...life, scheduleId: undefined, stoppedMs: undefined });
    return { draw, random: random.fork(), atMs: START_MS + (index * 7 + 1) * MINUTE_MS };
  });
  const noSkips = { fromMs: change.fromMs - 2 * DAY_MS, toMs: change.fromMs };
  for (const [index, { atMs, ...own }] of lives.entries()) {
    const life = record.lives[index];
    if (!life) continue;
    timeline.at(atMs + 30 * SECOND_MS, () => {
      void liveSchedule({ ...own, world, platform, caller, range, noSkips }, life);
    });
  }
  const isDecided = () => facts.violation() !== undefined || platform.bug() !== undefined;
  for (let day = 1; day <= 366; day += 1) {
    timeline.at(START_MS + day * DAY_MS, () => {
      facts.tell({ kind: "moment" });
      forgetOld(tables, facts.known.rows, timeline.nowMs());
    });
  }
  await timeline.run({ untilMs: END_MS, isOver: isDecided });
  if (!isDecided()) facts.tell({ kind: "end" });
  const bug = platform.bug();
  const violation =
    bug === undefined ? facts.violation() : { check: "a bug", seen: bug, about: [] };
  return { seed, violation, coverage: faults.coverage, history, setting };
}

function drawAway(random: Random, most: number, hoursMax: number): Away {
  return Array.from({ length: random.between(0, most) }, () => {
    const fromMs = START_MS + random.between(5 * DAY_MS, YEAR_MS - 20 * DAY_MS);
    return [fromMs, fromMs + random.between(1, hoursMax * 60) * MINUTE_MS] as const;
  });
}

/** In the middle of the year, a zone gives a change up. */
function drawChange(random: Random) {
  const zones = ZONES.map((name) => ({ name, changes: changesOf(name, START_MS, END_MS) }));
  const { name, changes } = random.pick(zones.filter((zone) => zone.changes.length > 0));
  return { name, fromMs: random.pick(changes.filter((ms) => ms > START_MS + 20 * DAY_MS)) };
}

/** The instances get the newer data one by one within an hour: hours or weeks before its first effect. */
function drawFlips(random: Random, machines: readonly Machine[], effectMs: number) {
  const leadMs = random.pick([2 * 60, 5 * 60, 20 * 60, 10 * 1440]) * MINUTE_MS;
  return new Map(
    machines.map((machine) => [machine, effectMs - leadMs - random.between(0, 60) * MINUTE_MS]),
  );
}

/** What is over for days has no effect, and would make each look at the tables slower. */
function forgetOld(
  { ingests, occurrences }: Tables,
  rows: Map<string, unknown>,
  nowMs: number,
): void {
  for (const [key, { settledAt }] of occurrences) {
    if (nowMs - (settledAt?.getTime() ?? nowMs) > SETTLED_KEPT_MS) occurrences.delete(key);
  }
  const isOpen = new Set(
    [...occurrences.values()].filter(({ settledAt }) => !settledAt).map(({ taskId }) => taskId),
  );
  for (const [taskId, { state, endedAt, lateStartUntil }] of ingests) {
    const isOver = state === "ended" && lateStartUntil === null && !isOpen.has(taskId);
    if (!isOver || nowMs - (endedAt?.getTime() ?? nowMs) < 2 * DAY_MS) continue;
    ingests.delete(taskId);
    rows.delete(taskId);
  }
}
