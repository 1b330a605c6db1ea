/**
 * Ends every ingest on its deadline. A run takes care of what falls due before the next run will:
 * it sleeps until just before the next deadline, claims it, and stops it on the second, so a stop
 * does not wait for the minute, and a run with nothing due costs two statements.
 *
 * Any number of runs may overlap. A claim is short: when its holder is killed, another run has the
 * row again as soon as the lease has lapsed; a holder that wakes up late finds its fence outdated.
 */
import { addMs, MINUTE_MS } from "../../clock.js";
import { asApiError } from "../../contract/errors.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { SLOTS } from "../../store/slots.js";
import { TrtcError, withoutQueries } from "../../trtc/trtc-error.js";
import { endTask, stopTiming } from "./end-task.js";
import { dueAt } from "../lifecycle.js";
import type { Services } from "../services.js";
import { CLAIM_AHEAD_MS, EXPIRE_RESERVE_MS, OVERLAP_MS, STOP_LEASE_MS } from "../timing.js";

export interface ExpireCounts extends Record<string, number> {
  claimed: number;
  stopped: number;
  /** The deadline had moved, or somebody else stopped it first. */
  spared: number;
  /** Its slot would have been too far away: given back, for whoever is there when one is near. */
  returned: number;
  /** TRTC did not carry the stop out: the row stays due. */
  failed: number;
}

/** A deadline that is moved closer during the run is seen after this at the latest. */
const LOOK_AGAIN_MS = 2000;

/**
 * What is due but held in another's transaction is free, or gone, in less than this. And stops are
 * over by the burst: to look after each of them would keep the next ones from leaving in time.
 */
const BREATH_MS = 100;

/** What one run works on at once. */
const CLAIMS_MAX = 100;

/**
 * Of one account, and of all runs together: two bursts of slots, so that none is missed while the
 * next claims are made, and everything else waits in nobody's hands.
 */
const CLAIMS_OF_ACCOUNT = 2 * SLOTS;

/** One statement's worth: small steps let others have their share of a crowd, and stops leave between. */
const CLAIMS_AT_ONCE = SLOTS / 2;

/** A stop without a slot is due again after this. At once, the slots would be as far away. */
const RETURN_MS = 1000;

/** Signed requests are refused after five minutes either way; their signatures are kept longer. */
const SIGNATURE_KEPT_MS = 15 * MINUTE_MS;

export async function expireIngests(
  services: Services,
  { timeLeftMs }: Run,
): Promise<ExpireCounts> {
  const { store, clock, machineClock, config } = services;
  const counts: ExpireCounts = { claimed: 0, stopped: 0, spared: 0, returned: 0, failed: 0 };
  const working = new Set<Promise<void>>();
  const horizon = {
    horizonAt: addMs(clock.now(), config.expiryTickMs + OVERLAP_MS),
    aheadMs: CLAIM_AHEAD_MS,
    accountMax: CLAIMS_OF_ACCOUNT,
  };
  try {
    while (timeLeftMs() > EXPIRE_RESERVE_MS) {
      const nextAt = await store.nextClaimAt({ ...horizon, at: clock.now() });
      if (!nextAt && working.size === 0) break;
      const isFull = working.size >= CLAIMS_MAX;
      const waitMs = nextAt ? msUntil(nextAt, clock.now()) : LOOK_AGAIN_MS;
      const claims = waitMs > 0 || isFull ? [] : await claim(services);
      counts.claimed += claims.length;
      for (const ingest of claims) {
        const work = stopOnTime(services, ingest, timeLeftMs).then((outcome) => {
          counts[outcome] += 1;
          working.delete(work);
        });
        working.add(work);
      }
      if (claims.length > 0) continue;
      await pause(services, working, Math.min(Math.max(waitMs, BREATH_MS), LOOK_AGAIN_MS));
    }
  } finally {
    // Also when the database fails in between: an instance whose run is over is frozen, and with
    // it the stops that are under way.
    await Promise.all(working);
  }
  await store.forgetSignatures(addMs(machineClock.now(), -SIGNATURE_KEPT_MS));
  return counts;
}

interface Run {
  timeLeftMs: () => number;
}

function claim({ store, clock }: Services): Promise<Ingest[]> {
  const at = clock.now();
  return store.claimDue({
    ...{ at, horizonAt: addMs(at, CLAIM_AHEAD_MS), leaseMs: STOP_LEASE_MS },
    ...{ limit: CLAIMS_AT_ONCE, accountMax: CLAIMS_OF_ACCOUNT },
  });
}

/** Sleeps, but not longer than until the stops under way are done. */
async function pause({ clock }: Services, working: Set<Promise<void>>, ms: number): Promise<void> {
  const woken = new AbortController();
  if (working.size > 0) void Promise.all(working).then(() => woken.abort());
  await clock.sleep(ms, woken.signal);
}

export async function stopOnTime(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<"stopped" | "spared" | "returned" | "failed"> {
  const { store, clock, trtc } = services;
  const { taskId, fence } = claimed;
  try {
    await trtc.ready();
    const at = await sleepUntil(services, dueAt(claimed));
    const begun = await store.beginDueStop({ taskId, fence, ...stopTiming(at, timeLeftMs) });
    if (!begun) {
      // Of a room in which nobody was, somebody may be by now.
      if (claimed.emptySeconds !== null) await store.updateEmptyAt(claimed);
      await store.release({ taskId, fence });
      return "spared";
    }
    if (!begun.slot) {
      const retryAt = addMs(clock.now(), RETURN_MS);
      await store.release({ taskId, fence: begun.ingest.fence, retryAt });
      return "returned";
    }
    const ended = await endTask(services, { ...begun, askedAt: at, timeLeftMs });
    const latenessMs = -msUntil(dueAt(claimed), clock.now());
    report(services, claimed, { outcome: ended ? "ok" : "overtaken", latenessMs });
    return "stopped";
  } catch (error) {
    // The database's failures say in their detail what happened.
    const { code: outcome, detail = "" } =
      error instanceof TrtcError ? { code: error.code, detail: error.message } : asApiError(error);
    report(services, claimed, { outcome, detail: withoutQueries(detail) });
    return "failed";
  }
}

/** Timers may fire a moment early: nothing is stopped before its deadline, not by a millisecond. */
async function sleepUntil({ clock }: Services, at: Date): Promise<Date> {
  for (;;) {
    const now = clock.now();
    const ms = msUntil(at, now);
    if (ms <= 0) return now;
    await clock.sleep(ms);
  }
}

function report(
  { log }: Services,
  { taskId, callerId }: Ingest,
  result: { outcome: string; latenessMs?: number; detail?: string },
): void {
  const level = result.outcome === "ok" ? "info" : "warn";
  log({ level, ingest: taskId, caller: callerId, ...result });
}

const msUntil = (at: Date, now: Date): number => at.getTime() - now.getTime();
