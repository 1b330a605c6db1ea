/** What a seed draws before anything happens: how much goes wrong, where it runs, what TRTC is like. */
import { MINUTE_MS } from "../../../shared/clock.js";
import { DEFAULT_SWITCHES, type Switches } from "../../../emulator/admin/switches.js";
import type { Mood } from "../faults.js";
import { makeRandom, type Random } from "../random.js";
import type { Shape } from "./workload.js";

export interface Setting {
  shape: Shape;
  mood: Mood;
  switches: Switches;
  machines: number;
  /** No machine's wall clock is farther from the true time. */
  skewMaxMs: number;
  /** Nothing goes wrong after it; what is on its way may still arrive five minutes late. */
  faultsLastMs: number;
  /** When the database is away, for everybody; milliseconds from the start. */
  outages: readonly (readonly [fromMs: number, toMs: number])[];
  /** TRTC tells what happens; by a stream of draws of its own, which shifts no other. */
  callbacks: Random | undefined;
  /** What nobody knows is stopped. */
  stopsUnclaimed: boolean;
  /** Some ingests are asked for by messages; by a stream of draws of its own as well. */
  messages: Random | undefined;
  /** One caller has a crowd, and others one ingest each; by a stream of draws of its own. */
  crowd: Random | undefined;
  /** Callers have MaxIngests and StartsPerMinute. */
  hasQuotas: boolean;
}

const SHAPES: readonly Shape[] = [
  ...Array.from({ length: 28 }, () => "usual" as const),
  "burst of starts",
  "deadlines at once",
];

/** One fault alone shows best what it does; and many at once, what nobody has thought of. */
const MOODS: readonly Mood[] = [
  ...(["calm", "one fault", "one fault", "one fault"] as const),
  ...(["some faults", "some faults", "some faults", "many faults", "many faults"] as const),
];

/** Of so many seeds one has them. */
const AMONG = 3;

/** Far from any seed's own stream, and from each other. */
const OF_CALLBACKS = 2 ** 44;
const OF_MESSAGES = 2 ** 45;
const OF_CROWDS = 2 ** 46;
const OF_QUOTAS = 2 ** 47;

/** A crowd takes long to live through. */
const CROWDS_AMONG = 20;

function drawOwn(seed: number, among = AMONG): Random | undefined {
  const own = makeRandom(seed);
  return own.between(1, among) === 1 ? own : undefined;
}

export function drawSetting(random: Random, seed: number): Setting {
  const callbacks = drawOwn(OF_CALLBACKS + seed);
  const stopsUnclaimed = callbacks?.chance(0.5) === true;
  const messages = drawOwn(OF_MESSAGES + seed);
  const isPlain = callbacks === undefined && messages === undefined;
  const crowd = isPlain ? drawOwn(OF_CROWDS + seed, CROWDS_AMONG) : undefined;
  const shape = random.pick(SHAPES);
  // How fast calls leave is judged where nothing holds them up.
  const drawnMood = shape !== "usual" && random.chance(0.5) ? "calm" : random.pick(MOODS);
  const mood = crowd ? "calm" : drawnMood;
  return {
    shape,
    mood,
    switches: {
      ...(crowd ? withoutLimit(drawSwitches(random)) : drawSwitches(random)),
      ...(callbacks && {
        naturalEndSends702: callbacks.chance(0.5),
        retrySends702: callbacks.chance(0.5),
      }),
    },
    machines: random.between(2, 4),
    skewMaxMs: random.pick([0, 50, 500]),
    // Robots that may come late are looked after long after the last start, and so is what nobody knows.
    faultsLastMs: mood === "calm" ? 0 : random.pick([6, stopsUnclaimed ? 14 : 6, 14]) * MINUTE_MS,
    outages: drawOutages(random, mood),
    callbacks,
    stopsUnclaimed,
    messages,
    crowd,
    hasQuotas: isPlain && crowd === undefined && drawOwn(OF_QUOTAS + seed) !== undefined,
  };
}

/** Every value of what TRTC leaves undocumented and what matters here. */
function drawSwitches(random: Random): Switches {
  return {
    ...DEFAULT_SWITCHES,
    taskExistKey: random.pick(["robot", "room-and-robot", "never"]),
    sameRobot: random.pick(["refuse", "interrupt"]),
    removedRobotEndsTask: random.chance(0.7),
    taskSeenFrom: random.pick(["every-region", "own-region"]),
    ...(random.chance(0.1) && { concurrency: random.between(1, 4) }),
  };
}

/** A crowd plays at once. */
const withoutLimit = ({ concurrency: _, ...switches }: Switches): Switches => switches;

function drawOutages(random: Random, mood: Mood): Setting["outages"] {
  if (mood !== "many faults" || random.chance(0.5)) return [];
  const fromMs = random.between(0, 4 * MINUTE_MS);
  return [[fromMs, fromMs + random.between(1000, 70_000)]];
}

export function settingText(setting: Setting): string {
  const { shape, mood, machines, skewMaxMs, switches, callbacks, stopsUnclaimed } = setting;
  const { taskExistKey, sameRobot, removedRobotEndsTask, taskSeenFrom, concurrency } = switches;
  const { naturalEndSends702, retrySends702 } = switches;
  const given = {
    ...{ taskExistKey, sameRobot, removedRobotEndsTask, taskSeenFrom, concurrency },
    ...(callbacks && { callbacks: true, naturalEndSends702, retrySends702, stopsUnclaimed }),
    ...(setting.messages && { messages: true }),
    ...(setting.crowd && { crowd: true }),
    ...(setting.hasQuotas && { quotas: true }),
  };
  return `${shape}; ${mood}; ${machines} machines, clocks within ${skewMaxMs} ms; ${JSON.stringify(given)}`;
}
