/** A seed's draws before the run: the faults, the platform and TRTC's behaviour. */
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
  /** No machine's clock differs more from the true time. */
  skewMaxMs: number;
  /** No fault happens after it. Calls under way may still arrive five minutes late. */
  faultsLastMs: number;
  /** Times without a database, for every machine, in milliseconds from the start. */
  outages: readonly (readonly [fromMs: number, toMs: number])[];
  /** TRTC sends callbacks. They have their own random stream, which shifts no other. */
  callbacks: Random | undefined;
  /** We stop tasks without a row. */
  stopsUnclaimed: boolean;
  /** Messages request some ingests. They have their own random stream as well. */
  messages: Random | undefined;
  /**
   * One caller has a crowd, and others have one ingest each. The crowd has its own random stream.
   */
  crowd: Random | undefined;
  /** Callers have MaxIngests and StartsPerMinute. */
  hasQuotas: boolean;
  /** Callers and the application have budgets. */
  hasBudgets: boolean;
  /** Some starts have a StartTime. They have their own random stream as well. */
  schedules: Random | undefined;
  /** Some starts have a programme. They have their own random stream as well. */
  programmes: Random | undefined;
}

const SHAPES: readonly Shape[] = [
  ...Array.from({ length: 28 }, () => "usual" as const),
  "burst of starts",
  "deadlines at once",
];

/** A single fault shows its own effect best. Many faults at once find unexpected cases. */
const MOODS: readonly Mood[] = [
  ...(["calm", "one fault", "one fault", "one fault"] as const),
  ...(["some faults", "some faults", "some faults", "many faults", "many faults"] as const),
];

/** One seed in this many has the feature. */
const AMONG = 3;

/** Far from any seed's own random stream, and far from each other. */
const OF_CALLBACKS = 2 ** 44;
const OF_MESSAGES = 2 ** 45;
const OF_CROWDS = 2 ** 46;
const OF_QUOTAS = 2 ** 47;
const OF_UPDATES = 2 ** 48;
const OF_SCHEDULES = 2 ** 49;
const OF_PROGRAMMES = 2 ** 50;
const OF_BUDGETS = 2 ** 51;

/** A programme has many steps, so most seeds do without. */
const PROGRAMMES_AMONG = 4;

/** A run with a crowd takes long. */
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
  const hasQuotas = isPlain && crowd === undefined && drawOwn(OF_QUOTAS + seed) !== undefined;
  const isLimited = !isPlain || crowd !== undefined || hasQuotas;
  const shape = random.pick(SHAPES);
  // Only runs without delays can judge how fast calls leave.
  const drawnMood = shape !== "usual" && random.chance(0.5) ? "calm" : random.pick(MOODS);
  const mood = crowd ? "calm" : drawnMood;
  return {
    shape,
    mood,
    switches: {
      ...(crowd ? withoutLimit(drawSwitches(random)) : drawSwitches(random)),
      ...drawUpdateSwitches(makeRandom(OF_UPDATES + seed)),
      ...(callbacks && {
        naturalEndSends702: callbacks.chance(0.5),
        retrySends702: callbacks.chance(0.5),
      }),
    },
    machines: random.between(2, 4),
    skewMaxMs: random.pick([0, 50, 500]),
    // Late robots and unclaimed tasks stay under watch long after the last start.
    faultsLastMs: mood === "calm" ? 0 : random.pick([6, stopsUnclaimed ? 14 : 6, 14]) * MINUTE_MS,
    outages: drawOutages(random, mood),
    callbacks,
    stopsUnclaimed,
    messages,
    crowd,
    schedules: crowd ? undefined : drawOwn(OF_SCHEDULES + seed),
    programmes: crowd ? undefined : drawOwn(OF_PROGRAMMES + seed, PROGRAMMES_AMONG),
    hasQuotas,
    hasBudgets: !isLimited && drawOwn(OF_BUDGETS + seed) !== undefined,
  };
}

/** Every value of the undocumented TRTC behaviour that matters here. */
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

/** Every reading of an update to another StreamUrl. It has its own random stream. */
function drawUpdateSwitches(random: Random) {
  return {
    updateRounds: random.pick(["all", "remaining", "one"] as const),
    updatePosition: random.pick(["restart", "keep"] as const),
    updateResolution: random.pick(["accepted", "source-fails", "refused"] as const),
    updateSends701: random.chance(0.5),
    updateMovesRobot: random.chance(0.5),
    updateAfterEnd: random.pick(["gone", "status"] as const),
    updateDelayMs: random.pick([0, 0, random.between(1, 10_000)]),
    sameUrlRestarts: random.chance(0.5),
    endGraceSeconds: random.pick([0, 0, random.between(1, 20)]),
  };
}

export const updateSwitchesOf = (switches: Switches): Partial<Switches> =>
  Object.fromEntries(UPDATE_SWITCHES.map((name) => [name, switches[name]]));

const UPDATE_SWITCHES = [
  ...(["updateRounds", "updatePosition", "updateResolution", "updateSends701"] as const),
  ...(["updateMovesRobot", "updateAfterEnd", "updateDelayMs", "sameUrlRestarts"] as const),
  ...(["endGraceSeconds"] as const),
];

/** All ingests of a crowd play at once. */
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
    taskExistKey,
    sameRobot,
    removedRobotEndsTask,
    taskSeenFrom,
    concurrency,
    ...updateSwitchesOf(switches),
    ...(callbacks && { callbacks: true, naturalEndSends702, retrySends702, stopsUnclaimed }),
    ...(setting.messages && { messages: true }),
    ...(setting.crowd && { crowd: true }),
    ...(setting.hasQuotas && { quotas: true }),
    ...(setting.hasBudgets && { budgets: true }),
    ...(setting.schedules && { schedules: true }),
    ...(setting.programmes && { programmes: true }),
  };
  return `${shape}; ${mood}; ${machines} machines, clocks within ${skewMaxMs} ms; ${JSON.stringify(given)}`;
}
