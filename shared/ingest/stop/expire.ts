/**
 * Ends every ingest at its deadline. A run covers all deadlines before the next run. It sleeps
 * until just before a deadline, claims the row, and stops the ingest on the second. So a stop does
 * not wait for the next minute. A run with nothing due costs two statements.
 *
 * Any number of runs may overlap. A claim is short. When its holder is killed, another run takes
 * the row as soon as the lease ends. A holder that wakes up late has an outdated fence.
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
  /** The deadline has moved, or another instance stopped the ingest first. */
  spared: number;
  /** The slot was too far away. The row is due again soon, for any run. */
  returned: number;
  /** TRTC did not carry out the stop. The row stays due. */
  failed: number;
}

/** A run notices a deadline that moves closer within this time. */
const LOOK_AGAIN_MS = 2000;

/**
 * Another transaction holds a due row for less than this. Stops end in bursts. A check after each
 * one would delay the next stops.
 */
const BREATH_MS = 100;

/** The most claims that one run works on at once. */
const CLAIMS_MAX = 100;

/**
 * The most claims of one account, over all runs. Two bursts of slots: a run misses no slot while it
 * makes the next claims. Other due rows stay unclaimed.
 */
const CLAIMS_OF_ACCOUNT = 2 * SLOTS;

/**
 * The most rows of one statement. Small steps share the due rows between runs and let stops leave
 * in between.
 */
const CLAIMS_AT_ONCE = SLOTS / 2;

/**
 * A stop without a slot is due again after this. Without a pause, the slots would be as far away.
 */
const RETURN_MS = 1000;

/** We refuse signed requests after five minutes. We keep their signatures longer. */
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
      const nextAt = await store.ingests.nextClaimAt({ ...horizon, at: clock.now() });
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
    // This also runs when the database fails. The platform freezes an instance after its run, and
    // the stops under way with it.
    await Promise.all(working);
  }
  await store.signatures.forget(addMs(machineClock.now(), -SIGNATURE_KEPT_MS));
  return counts;
}

interface Run {
  timeLeftMs: () => number;
}

function claim({ store, clock }: Services): Promise<Ingest[]> {
  const at = clock.now();
  return store.ingests.claimDue({
    at,
    horizonAt: addMs(at, CLAIM_AHEAD_MS),
    leaseMs: STOP_LEASE_MS,
    limit: CLAIMS_AT_ONCE,
    accountMax: CLAIMS_OF_ACCOUNT,
  });
}

/** Sleeps until the time is over or the stops under way are done. */
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
    const begun = await store.ingests.beginDueStop({
      taskId,
      fence,
      ...stopTiming(at, timeLeftMs),
    });
    if (!begun) {
      // Viewers may have entered the room since it was empty.
      if (claimed.emptySeconds !== null) await store.audience.updateEmptyAt(claimed);
      await store.ingests.release({ taskId, fence });
      return "spared";
    }
    if (!begun.slot) {
      const retryAt = addMs(clock.now(), RETURN_MS);
      await store.ingests.release({ taskId, fence: begun.ingest.fence, retryAt });
      return "returned";
    }
    const ended = await endTask(services, { ...begun, askedAt: at, timeLeftMs });
    const latenessMs = -msUntil(dueAt(claimed), clock.now());
    report(services, claimed, { outcome: ended ? "ok" : "overtaken", latenessMs });
    return "stopped";
  } catch (error) {
    // An error of the database describes the failure in its detail.
    const { code: outcome, detail = "" } =
      error instanceof TrtcError ? { code: error.code, detail: error.message } : asApiError(error);
    report(services, claimed, { outcome, detail: withoutQueries(detail) });
    return "failed";
  }
}

/** Timers may fire a moment early. No ingest stops even a millisecond before its deadline. */
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
