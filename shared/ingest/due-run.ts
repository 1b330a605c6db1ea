/**
 * One run over what falls due before the next run: expire-ingests and advance-ingests share it. The
 * run sleeps until just before a row is due, claims it, and works on it on the second. So the work
 * does not wait for the next run. A run with nothing due costs one statement.
 *
 * Any number of runs may overlap. A claim is short. When its holder is killed, another run takes
 * the row as soon as the lease ends. A holder that wakes up late has an outdated fence.
 */
import { addMs } from "../clock.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { SLOTS } from "../store/slots.js";
import type { Services } from "./services.js";
import { throughOutage } from "./outage.js";
import { CLAIM_AHEAD_MS, OVERLAP_MS } from "./timing.js";

/** A run notices a row that becomes due sooner within this time. */
const LOOK_AGAIN_MS = 2000;

/**
 * Another transaction holds a due row for less than this. Work ends in bursts. A check after each
 * one would delay the next.
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
 * The most rows of one statement. Small steps share the due rows between runs and let calls leave
 * in between.
 */
const CLAIMS_AT_ONCE = SLOTS / 2;

interface Horizon {
  at: Date;
  horizonAt: Date;
  accountMax: number;
}

export interface DueWork {
  nextAt: (horizon: Horizon & { aheadMs: number }) => Promise<Date | undefined>;
  claim: (claims: Horizon & { leaseMs: number; limit: number }) => Promise<Ingest[]>;
  /** Never rejects because of one row: it then counts the row as failed. */
  work: (claimed: Ingest) => Promise<void>;
  leaseMs: number;
  /** The interval between two runs. */
  tickMs: number;
  /** True when there is time for another claim. */
  hasTime: () => boolean;
}

/**
 * Returns how many rows it claimed. Waits for a database that is away, because its rows fall due
 * all the same. Throws errors of the database when it stays away until the next run.
 */
export async function runDue(
  { clock }: Pick<Services, "clock">,
  { nextAt: findNext, claim, work, leaseMs, tickMs, hasTime }: DueWork,
): Promise<number> {
  const accountMax = CLAIMS_OF_ACCOUNT;
  const horizonAt = addMs(clock.now(), tickMs + OVERLAP_MS);
  const working = new Set<Promise<void>>();
  let claimed = 0;
  const claimNow = () => {
    const at = clock.now();
    const claims = { at, horizonAt: addMs(at, CLAIM_AHEAD_MS), accountMax };
    return claim({ ...claims, leaseMs, limit: CLAIMS_AT_ONCE });
  };
  const look = async () => {
    const at = clock.now();
    const nextAt = await findNext({ at, horizonAt, accountMax, aheadMs: CLAIM_AHEAD_MS });
    const isFull = working.size >= CLAIMS_MAX;
    const waitMs = nextAt ? nextAt.getTime() - clock.now().getTime() : LOOK_AGAIN_MS;
    const claims = waitMs > 0 || isFull ? [] : await claimNow();
    return { nextAt, waitMs, claims };
  };
  /** The next run begins then, and this one fails. */
  const outageMs = () => horizonAt.getTime() - clock.now().getTime();
  try {
    while (hasTime()) {
      const { nextAt, waitMs, claims } = await throughOutage({ clock }, outageMs, look);
      if (!nextAt && working.size === 0) break;
      claimed += claims.length;
      for (const ingest of claims) {
        const done = work(ingest).then(() => void working.delete(done));
        working.add(done);
      }
      if (claims.length > 0) continue;
      await pause(clock, working, Math.min(Math.max(waitMs, BREATH_MS), LOOK_AGAIN_MS));
    }
  } finally {
    // This also runs when the database fails. The platform freezes an instance after its run, and
    // the work under way with it.
    await Promise.all(working);
  }
  return claimed;
}

/** Sleeps until the time is over or the work under way is done. */
async function pause(
  clock: Services["clock"],
  working: Set<Promise<void>>,
  ms: number,
): Promise<void> {
  if (working.size === 0) return clock.sleep(ms);
  const woken = new AbortController();
  void Promise.all(working).then(() => woken.abort());
  await clock.sleep(ms, woken.signal);
}
