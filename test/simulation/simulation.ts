/** One seed, from its first draw to its verdict. */
import { MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { expireIngests } from "../../shared/ingest/expire.js";
import { settleIngests } from "../../shared/ingest/settle.js";
import { ingestOf } from "../../shared/store/ingest-row.js";
import { DEFAULT_SWITCHES, type Switches } from "../../local/trtc/switches.js";
import { live } from "./callers.js";
import { makeFacts, type Facts, type Known, type Violation } from "./checks/facts.js";
import { INVARIANTS } from "./checks/invariants.js";
import { LIVENESS, OVER_WITHIN_MS } from "./checks/liveness.js";
import { count, type Coverage, makeFaultPlan, type Mood } from "./faults.js";
import { type History, makeHistory } from "./history.js";
import { makeMachines } from "./machines.js";
import { makeTables, type StoredIngest } from "./model/tables.js";
import {
  type Behind,
  makePlatform,
  type Function_,
  type Patch,
  type Platform,
} from "./platform.js";
import { makeRandom, type Random } from "./random.js";
import { APPLICATION, CONFIG } from "./settings.js";
import { makeTimeline } from "./timeline.js";
import { makeTrtcSide } from "./trtc-side.js";
import { drawStories, type Shape } from "./workload.js";
import type { World } from "./world.js";

export interface SimulationOptions {
  seed: number;
  /** Absent: the model. */
  database?: Extract<Behind, { database: unknown }>["database"];
  patch?: Patch | undefined;
}

export interface Verdict {
  seed: number;
  violation: Violation | undefined;
  coverage: Coverage;
  history: History;
  /** What was drawn, for people. */
  setting: string;
}

const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** Nothing goes wrong after it; what is on its way may still arrive five minutes late. */
const FAULTS_LAST_MS = 6 * MINUTE_MS;

const LOOKS_EVERY_MS = 10 * SECOND_MS;

const MOODS: readonly Mood[] = [
  ...(["calm", "one fault", "one fault", "one fault"] as const),
  ...(["some faults", "some faults", "some faults", "many faults", "many faults"] as const),
];

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

const SHAPES: readonly Shape[] = [
  ...Array.from({ length: 18 }, () => "usual" as const),
  "burst of starts",
  "deadlines at once",
];

export async function simulate({ seed, database, patch }: SimulationOptions): Promise<Verdict> {
  const random = makeRandom(seed);
  const timeline = makeTimeline(START_MS);
  const history = makeHistory(timeline.nowMs);
  const shape = random.pick(SHAPES);
  const mood = random.pick(MOODS);
  const switches = drawSwitches(random);
  const skewMaxMs = random.pick([0, 50, 500]);
  const machines = makeMachines({
    count: random.between(2, 4),
    skewMaxMs,
    random,
    nowMs: START_MS,
  });
  const faultsEndMs = START_MS + (mood === "calm" ? 0 : FAULTS_LAST_MS);
  const faults = makeFaultPlan({
    mood,
    random: random.fork(),
    isOver: () => timeline.nowMs() >= faultsEndMs,
  });
  const outage = drawOutage(random, mood);
  const trtc = makeTrtcSide({ timeline, switches, application: APPLICATION });
  const known: Omit<Known, "rowsOfIntent"> = {
    nowMs: timeline.nowMs,
    trtc,
    skewMaxMs,
    isCalm: mood === "calm",
    get faultsEndMs() {
      return Math.max(faultsEndMs, ...machines.map(({ thawsMs }) => thawsMs));
    },
    get hasDelays() {
      return mood !== "calm";
    },
    rows: new Map(),
    rowIdOf: new Map(),
    heard: new Set(),
    stopAsked: new Set(),
    stateSinceMs: new Map(),
    dueSinceMs: new Map(),
  };
  const facts = makeFacts({
    known,
    checks: [...INVARIANTS(), ...LIVENESS()],
    intentOf: ({ play }) => play.StreamUrl,
    history,
  });
  const behind: Behind = database ? { database } : { tables: { ...makeTables(), changed: [] } };
  const world: World = {
    ...{ config: CONFIG, timeline, faults, history, machines, trtc, facts },
    random: random.fork(),
    isDatabaseDown: () =>
      outage.some(([from, to]) => from <= timeline.nowMs() && timeline.nowMs() < to),
    afterStatement: lookAt(behind, facts),
  };
  const platform = makePlatform({ world, behind, patch });

  const stories = drawStories({ random, startMs: START_MS, shape });
  let talking = stories.length;
  for (const story of stories) {
    void live({ world, platform, random: random.fork() }, story).then(() => (talking -= 1));
  }
  runTimers(world, platform);
  lookEvery(world);
  const isQuiet = () => talking === 0 && timeline.nowMs() > faultsEndMs && isAllOver(facts.known);
  const endsMs = faultsEndMs + OVER_WITHIN_MS;
  const isOver = () => facts.violation() !== undefined || platform.bug() !== undefined || isQuiet();
  await timeline.run({ untilMs: endsMs, isOver });
  facts.tell({ kind: "end" });
  countSetting(faults.coverage, switches, mood);
  const bug = platform.bug();
  const violation =
    bug === undefined ? facts.violation() : { check: "a bug", seen: bug, about: [] };
  const setting = `${shape}, ${mood}, ${machines.length} machines, clocks ${skewMaxMs} ms apart, ${JSON.stringify(switches)}`;
  return { seed, violation, coverage: faults.coverage, history, setting };
}

/** The database may be away for a while: for everybody, and from before a statement leaves. */
function drawOutage(random: Random, mood: Mood): [number, number][] {
  if (mood !== "many faults" || random.chance(0.5)) return [];
  const fromMs = START_MS + random.between(0, 4 * MINUTE_MS);
  return [[fromMs, fromMs + random.between(1000, 70_000)]];
}

/** As in serverless.yml. */
const TIMERS = [
  { name: "expire-ingests", limitMs: 100 * SECOND_MS, useCase: expireIngests },
  { name: "settle-ingests", limitMs: 60 * SECOND_MS, useCase: settleIngests },
];

/** Every minute, on machines that know nothing of each other; sometimes late, sometimes not at all. */
function runTimers({ timeline, random, faults }: World, platform: Platform): void {
  for (const { name, limitMs, useCase } of TIMERS) {
    const run = (atMs: number) => {
      timeline.at(atMs, () => {
        const body: Function_<object>["body"] = (services, timeLeftMs) =>
          useCase(services, { timeLeftMs });
        void platform.invoke({ name: name.split("-")[0] ?? name, limitMs, body });
      });
    };
    const tick = (atMs: number): void => {
      timeline.at(atMs, () => {
        tick(atMs + MINUTE_MS);
        const fault = faults.timer(name);
        if (fault === "lost tick") return;
        const lateMs =
          fault === "late tick" ? random.between(5000, 50_000) : random.between(0, 1500);
        run(atMs + lateMs);
        if (random.chance(0.2)) run(atMs + random.between(0, 30_000));
      });
    };
    // The first callers find timers that have been running for long.
    run(timeline.nowMs());
    tick(timeline.nowMs() + random.between(0, MINUTE_MS));
  }
}

function lookEvery({ timeline, facts }: World): void {
  timeline.at(timeline.nowMs() + LOOKS_EVERY_MS, () => {
    facts.tell({ kind: "moment" });
    lookEvery({ timeline, facts } as World);
  });
}

function isAllOver({ rows, trtc }: Known): boolean {
  for (const { state, unsureUntil } of rows.values()) {
    if (state !== "ended" || unsureUntil !== null) return false;
  }
  return trtc.tasks.live().length === 0;
}

/** Tells of each row that the statement changed. */
function lookAt(behind: Behind, facts: Facts): World["afterStatement"] {
  if ("tables" in behind) {
    const { tables } = behind;
    return () => {
      const changed = tables.changed ?? [];
      tables.changed = [];
      for (const row of changed) facts.rowSeen(row);
    };
  }
  const seen = new Map<string, string>();
  const { database } = behind;
  return async () => {
    const rows = await database.query("select * from ingest order by task_id");
    for (const row of rows) {
      const ingest = ingestOf(row) as StoredIngest;
      const text = JSON.stringify(ingest);
      if (seen.get(ingest.taskId) === text) continue;
      seen.set(ingest.taskId, text);
      facts.rowSeen(ingest);
    }
  };
}

function countSetting(coverage: Coverage, switches: Switches, mood: Mood): void {
  count(coverage, "seeds", mood);
  const { taskExistKey, sameRobot, removedRobotEndsTask, taskSeenFrom } = switches;
  const set = { taskExistKey, sameRobot, removedRobotEndsTask, taskSeenFrom };
  for (const [name, value] of Object.entries(set)) count(coverage, `switch ${name}`, String(value));
}
