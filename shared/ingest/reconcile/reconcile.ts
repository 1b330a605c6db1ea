/**
 * Brings records and TRTC back into agreement after whatever has failed: starts that nobody knows
 * the outcome of, ends that are overdue, sources that have failed for good, robots that a late
 * request may have brought, tasks of which nothing was heard for long, and tasks that TRTC tells of
 * and nobody here knows.
 *
 * One bounded batch per run. Any number of runs may overlap: everything is claimed first, or may be
 * done twice.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { checkTask } from "../stop/check-task.js";
import { endTask, LEASE_MS, stopTiming } from "../stop/end-task.js";
import { stopOnTime } from "../stop/expire.js";
import { heldMs } from "../start/held.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import { removeRobot } from "../stop/evict-robot.js";
import type { Services } from "../services.js";
import { SETTLE_LEASE_MS, resumeStart } from "../start/resume-start.js";
import { reconcileUnclaimed, type UnclaimedCounts } from "./unclaimed-tasks.js";

export interface ReconcileCounts extends UnclaimedCounts, Record<string, number> {
  /** Starts without an answer: what became of them in this run. */
  started: number;
  failed: number;
  unsettled: number;
  /** Overdue by so much that expire-ingests does not get to them, or of a source that has failed. */
  stopped: number;
  /** Robots taken out of their rooms once more, after their last start could have come. */
  cleared: number;
  /** Running tasks that TRTC was asked about, and those that it did not know any more. */
  described: number;
  gone: number;
  /** Left for the next run, because TRTC did not do as it was asked. */
  refused: number;
}

/** Worked on at once. */
const CLAIMS = 10;

/** The most of each kind in one run: what is more waits for the next, or is another run's. */
const BATCH_MAX = 200;

/** What expire-ingests has not ended by then needs somebody else. */
const OVERDUE_MS = 30 * SECOND_MS;

/**
 * After a third failure TRTC may try once more, three seconds later: by then that has been told, if
 * it does.
 */
const LAST_TRY_MS = 10 * SECOND_MS;

/** A running task is asked about this long after TRTC was last heard of it. */
const QUIET_MS = 5 * MINUTE_MS;

/** Asks at most half as often as TRTC allows, so that callers' own requests find free slots. */
const ASK_SPACING_MS = 110;

/** A run claims nothing more with this much time left: what it claimed last may need it. */
const RESERVE_MS = 20 * SECOND_MS;

/** Resolved dead letters stay this long, for questions about them. */
const RESOLVED_KEPT_MS = 30 * 24 * 60 * MINUTE_MS;

interface Run {
  timeLeftMs: () => number;
}

export async function reconcileIngests(
  services: Services,
  { timeLeftMs }: Run,
): Promise<ReconcileCounts> {
  const { store, clock, trtc } = services;
  const counts: ReconcileCounts = {
    ...{ started: 0, failed: 0, unsettled: 0, stopped: 0 },
    ...{ cleared: 0, described: 0, gone: 0, refused: 0, unclaimed: 0, unclaimedStopped: 0 },
  };
  const count = (outcome: keyof ReconcileCounts) => (counts[outcome] = (counts[outcome] ?? 0) + 1);
  const claim = () => ({ at: clock.now(), limit: CLAIMS });
  const each = { timeLeftMs, count };

  await inBatches(each, {
    claim: () => store.claimUnfinished({ ...claim(), leaseMs: SETTLE_LEASE_MS }),
    work: async (ingest) => {
      await trtc.ready();
      const settled = await resumeStart(services, ingest, timeLeftMs);
      report(services, settled);
      return outcomeOf(settled);
    },
  });
  await inBatches(each, {
    claim() {
      const horizonAt = addMs(clock.now(), -OVERDUE_MS);
      return store.claimDue({ ...claim(), horizonAt, leaseMs: LEASE_MS });
    },
    async work(ingest) {
      const outcome = await stopOnTime(services, ingest, timeLeftMs);
      return outcome === "failed" || outcome === "returned" ? "refused" : "stopped";
    },
  });
  await inBatches(each, {
    claim() {
      const lastSeenBefore = addMs(clock.now(), -LAST_TRY_MS);
      return store.beginFailedSourceStops({ ...claim(), lastSeenBefore, leaseMs: LEASE_MS });
    },
    work: (ingest) => endFailed(services, ingest, timeLeftMs),
  });
  await inBatches(each, {
    claim: () => store.claimLateStarts({ ...claim(), leaseMs: SETTLE_LEASE_MS }),
    work: (ingest) => clearRobot(services, ingest, timeLeftMs),
  });
  await checkStaleTasks(services, each);
  const hasTime = () => timeLeftMs() > RESERVE_MS;
  const unclaimed = await reconcileUnclaimed(services, { hasTime, timeLeftMs });
  await store.forgetResolved(addMs(clock.now(), -RESOLVED_KEPT_MS));
  return { ...counts, ...unclaimed };
}

type Outcome = "started" | "failed" | "unsettled" | "stopped" | "cleared" | "gone" | "refused";

interface Each extends Run {
  count: (outcome: Outcome | "described") => void;
}

async function inBatches(
  { timeLeftMs, count }: Each,
  { claim, work }: { claim: () => Promise<Ingest[]>; work: (of: Ingest) => Promise<Outcome> },
): Promise<void> {
  for (let done = 0; done < BATCH_MAX && timeLeftMs() > RESERVE_MS;) {
    const claimed = await claim();
    if (claimed.length === 0) return;
    done += claimed.length;
    const settled = await Promise.allSettled(claimed.map(work));
    for (const result of settled) {
      // What the database did not take is claimed, and lapses by itself; the run is over.
      if (result.status === "rejected") throw result.reason;
      count(result.value);
    }
  }
}

function outcomeOf({ state }: Ingest): Outcome {
  if (state === "starting") return "unsettled";
  return state === "ended" ? "failed" : "started";
}

/** What became of an unknown start, for whoever looks for it by the TaskId. */
function report({ log }: Services, { taskId, callerId, state, failureCode }: Ingest): void {
  if (state === "starting") return;
  const outcome = failureCode ?? "ok";
  const detail = state === "ended" ? "the start was taken back" : "the start was finished";
  const level = failureCode === null ? "info" : "warn";
  log({ level, ingest: taskId, caller: callerId, outcome, detail });
}

/** Its stop is begun, and is due like any other if it does not work. */
async function endFailed(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Outcome> {
  const { store, trtc } = services;
  const askedAt = ingest.stopAskedAt ?? services.clock.now();
  const { account, callerId } = ingest;
  const action = "StopStreamIngest";
  const { waitMaxMs } = stopTiming(askedAt, timeLeftMs);
  try {
    await trtc.ready();
    const slot = await store.takeSlot({ account, callerId, action, waitMaxMs });
    await endTask(services, { ingest, slot, askedAt, timeLeftMs });
  } catch (error) {
    logTrtcFailure(services, ingest, error);
    return "refused";
  }
  return "stopped";
}

async function clearRobot(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Outcome> {
  const { taskId, fence } = ingest;
  try {
    await removeRobot(services, ingest, heldMs(services, ingest, timeLeftMs));
  } catch (error) {
    logTrtcFailure(services, ingest, error);
    return "refused";
  }
  await services.store.clearLateStart({ taskId, fence });
  return "cleared";
}

/** One after the other, out of slots that nobody else waits for. */
async function checkStaleTasks(services: Services, { timeLeftMs, count }: Each): Promise<void> {
  const { store, clock } = services;
  for (let asked = 0; asked < BATCH_MAX; asked += CLAIMS) {
    const at = clock.now();
    const quietSince = addMs(at, -QUIET_MS);
    const quiet = await store.claimStaleTasks({ at, quietSince, limit: CLAIMS });
    for (const ingest of quiet) {
      if (timeLeftMs() < RESERVE_MS) return;
      count(await checkStaleTask(services, ingest, timeLeftMs));
      await clock.sleep(ASK_SPACING_MS);
    }
    if (quiet.length < CLAIMS) return;
  }
}

async function checkStaleTask(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Outcome | "described"> {
  try {
    const found = await checkTask(services, ingest, { timeLeftMs, waitMaxMs: 0 });
    return found === "there" ? "described" : "gone";
  } catch (error) {
    logTrtcFailure(services, ingest, error);
    return "refused";
  }
}
