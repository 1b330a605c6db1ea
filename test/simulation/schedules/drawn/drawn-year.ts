/** What is drawn before a year begins: its faults, its machines, and its newer time zone data. */
import { MINUTE_MS } from "../../../../shared/clock.js";
import type { Mood } from "../../faults.js";
import { type Machine, makeMachines } from "../../platform/machines.js";
import { makeRandom, type Random } from "../../random.js";
import { ZONES } from "./draw.js";
import { changesOf } from "./oracle.js";
import { DAY_MS, DAYS, END_MS, FAULTS_END_MS, START_MS } from "./span.js";
import type { ZoneChange } from "./zones.js";

type Times = readonly (readonly [fromMs: number, toMs: number])[];

export interface DrawnYear {
  mood: Mood;
  skewMaxMs: number;
  /** No machine has the database then. */
  outages: Times;
  /** No timer runs then. */
  pauses: Times;
  change: ZoneChange;
  machines: Machine[];
  /** When each machine gets the newer time zone data. */
  flips: ReadonlyMap<Machine, number>;
  /** TRTC sends callbacks. */
  callbacks: Random | undefined;
}

/** Far from the streams of shorter runs. */
const OF_YEARS = 2 ** 51;
const OF_CALLBACKS = 2 ** 52;

export const randomOfYear = (seed: number): Random => makeRandom(OF_YEARS + seed);

export function drawYear(random: Random, seed: number): DrawnYear {
  const mood: Mood = random.pick(["calm", "calm", "some faults"]);
  const skewMaxMs = random.pick([0, 50, 500]);
  const outages = mood === "calm" ? [] : drawAway(random, 3, 12);
  const pauses = random.chance(0.6) ? drawAway(random, 4, 40) : [];
  const change = drawChange(random);
  const count = random.between(2, 4);
  const machines = makeMachines({ count, skewMaxMs, random, nowMs: START_MS });
  const flips = drawFlips(random, machines, change.fromMs);
  const own = makeRandom(OF_CALLBACKS + seed);
  const callbacks = own.chance(0.4) ? own : undefined;
  return { mood, skewMaxMs, outages, pauses, change, machines, flips, callbacks };
}

export const isDuring = (times: Times, ms: number): boolean =>
  times.some(([fromMs, toMs]) => fromMs <= ms && ms < toMs);

/** Neither the database nor the timers were away in this time. */
export const isQuietTime = ({ outages, pauses }: DrawnYear, fromMs: number, toMs: number) =>
  [...outages, ...pauses].every(([from, to]) => to < fromMs || from > toMs);

/** No fault has happened since then. It is now while something is away. */
export function faultlessSinceMs({ mood, outages, pauses }: DrawnYear, nowMs: number): number {
  if (mood !== "calm") return FAULTS_END_MS;
  const ends = [...outages, ...pauses]
    .filter(([fromMs]) => fromMs <= nowMs)
    .map(([, toMs]) => Math.min(toMs, nowMs));
  return Math.max(START_MS, ...ends);
}

export const textOf = ({ mood, skewMaxMs, change, callbacks }: DrawnYear): string =>
  [
    mood,
    `clocks differ by ${skewMaxMs} ms`,
    `${change.name} keeps its offset from ${new Date(change.fromMs).toISOString()}`,
    callbacks ? "with callbacks" : "without callbacks",
  ].join(", ");

function drawAway(random: Random, most: number, hoursMax: number): Times {
  return Array.from({ length: random.between(0, most) }, () => {
    const fromMs = START_MS + random.between(5 * DAY_MS, (DAYS - 20) * DAY_MS);
    return [fromMs, fromMs + random.between(1, hoursMax * 60) * MINUTE_MS] as const;
  });
}

/** In the middle of the year, a zone gives a change up. */
function drawChange(random: Random): ZoneChange {
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
