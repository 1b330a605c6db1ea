/** Runs one seed, from its first random number to its verdict. */
import { MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { lookAt, makeBehind } from "./platform/behind.js";
import { bringToLife } from "./actors/bring-to-life.js";
import { type Known, makeFacts, type Violation } from "./checks/facts.js";
import { knownAtFirst } from "./checks/known.js";
import { startsAfterTheRun } from "./checks/exclusions.js";
import { CHECKS } from "./checks/checks.js";
import { OVER_WITHIN_MS } from "./checks/liveness.js";
import { MESSAGES } from "./checks/messages.js";
import { SHARES } from "./checks/shares.js";
import { count, type Coverage, type FaultPlan, makeFaultPlan } from "./faults.js";
import { type History, makeHistory } from "./history.js";
import { makeMachines } from "./platform/machines.js";
import { makePlatform, type Patch } from "./platform/platform.js";
import { makeRandom } from "./random.js";
import { differingHistories } from "../support/database/history.js";
import { APPLICATION, configFor, MAX_DURATION_MINUTES } from "./actors/settings.js";
import { drawSetting, type Setting, settingText, updateSwitchesOf } from "./actors/setting.js";
import { makeTimeline } from "./platform/timeline.js";
import { makeTrtcSide } from "./platform/trtc-side.js";
import type { World } from "./platform/world.js";

export interface SimulationOptions {
  seed: number;
  /** The database, which is emptied first; absent: the model. */
  database?: Database | undefined;
  /** A deliberate bug. */
  patch?: Patch | undefined;
}

export interface Verdict {
  seed: number;
  /** Absent: every promise was kept. */
  violation: Violation | undefined;
  coverage: Coverage;
  history: History;
  /** The settings of the seed, as text. */
  setting: string;
}

const START_MS = Date.parse("2026-01-01T00:00:00Z");

const LOOKS_EVERY_MS = 10 * SECOND_MS;

export async function simulate({ seed, database, patch }: SimulationOptions): Promise<Verdict> {
  const random = makeRandom(seed);
  const setting = drawSetting(random, seed);
  const { mood, switches, skewMaxMs, callbacks } = setting;
  const timeline = makeTimeline(START_MS);
  const history = makeHistory(timeline.nowMs);
  const faultsEndMs = START_MS + setting.faultsLastMs;
  const isFaultless = () => timeline.nowMs() >= faultsEndMs;
  const faults = makeFaultPlan({ mood, random: random.fork(), isOver: isFaultless });
  const trtc = makeTrtcSide({ timeline, switches, application: APPLICATION, callbacks });
  const machines = makeMachines({ count: setting.machines, skewMaxMs, random, nowMs: START_MS });
  const facts = makeFacts({
    known: knownAtFirst({
      ...{ timeline, trtc, setting, machines, startMs: START_MS },
      faultsEndMs: () => faultsEndMs,
      longestMs: MAX_DURATION_MINUTES * MINUTE_MS,
    }),
    checks: [...CHECKS(), ...MESSAGES(), ...SHARES()],
    intentOf: ({ play }) => play.StreamUrl,
    history,
  });
  const behind = await makeBehind(database);
  const world: World = {
    config: configFor(setting),
    timeline,
    faults,
    history,
    machines,
    trtc,
    facts,
    random: random.fork(),
    isDatabaseDown: () => isDuring(setting.outages, timeline.nowMs() - START_MS),
    afterStatement: lookAt(behind, facts),
  };
  const platform = makePlatform({ world, behind, patch });

  const goesOn = bringToLife(world, platform, { setting, random });
  lookNowAndThen(world);
  const isDecided = () => facts.violation() !== undefined || platform.bug() !== undefined;
  const isQuiet = () => goesOn() === 0 && isFaultless() && isAllOver(facts.known);
  await timeline.run({
    untilMs: faultsEndMs + OVER_WITHIN_MS,
    isOver: () => isDecided() || isQuiet(),
  });
  facts.tell({ kind: "end" });
  countSetting(faults, setting);
  const bug = platform.bug();
  const violation =
    bug === undefined
      ? (facts.violation() ?? (database && (await historyFault(database))))
      : { check: "a bug", seen: bug, about: [] };
  return { seed, violation, coverage: faults.coverage, history, setting: settingText(setting) };
}

/** On SQL: the folded history of each ingest is its row, and each event has its actor. */
async function historyFault(database: Database): Promise<Violation | undefined> {
  const check = "the history of an ingest is its row, and each change has an actor";
  const [differing] = await differingHistories(database);
  const nameless = await database.query("select * from ingest_event where actor is null limit 1");
  const seen = differing ?? nameless[0];
  return seen && { check, seen: JSON.stringify(seen), about: [] };
}

const isDuring = (outages: Setting["outages"], ms: number): boolean =>
  outages.some(([fromMs, toMs]) => fromMs <= ms && ms < toMs);

function lookNowAndThen({ timeline, facts }: Pick<World, "timeline" | "facts">): void {
  timeline.at(timeline.nowMs() + LOOKS_EVERY_MS, () => {
    facts.tell({ kind: "moment" });
    lookNowAndThen({ timeline, facts });
  });
}

function isAllOver(known: Known): boolean {
  for (const row of known.rows.values()) {
    const isOver = row.state === "ended" && row.lateStartUntil === null;
    if (!isOver && !startsAfterTheRun(known, row)) return false;
  }
  const { trtc } = known;
  return trtc.tasks.live().length === 0;
}

function countSetting({ coverage }: FaultPlan, setting: Setting): void {
  const { mood, shape, switches, callbacks, messages, stopsUnclaimed } = setting;
  count(coverage, "seeds", mood);
  count(coverage, "workload", shape);
  const { taskExistKey, sameRobot, removedRobotEndsTask, taskSeenFrom, concurrency } = switches;
  const isLimited = concurrency !== undefined;
  const set = {
    taskExistKey,
    sameRobot,
    removedRobotEndsTask,
    taskSeenFrom,
    isLimited,
    isTold: callbacks !== undefined,
    stopsUnclaimed,
    hasMessages: messages !== undefined,
    hasCrowd: setting.crowd !== undefined,
    hasQuotas: setting.hasQuotas,
    hasBudgets: setting.hasBudgets,
    hasSchedules: setting.schedules !== undefined,
    hasProgrammes: setting.programmes !== undefined,
    ...updateSwitchesOf(switches),
    // Their values are many.
    updateDelayMs: switches.updateDelayMs > 0,
    endGraceSeconds: switches.endGraceSeconds > 0,
  };
  for (const [name, value] of Object.entries(set)) count(coverage, `switch ${name}`, String(value));
}
