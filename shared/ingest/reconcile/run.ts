/** One bounded run, which every duty shares: its time, its counts, its batches. */
import type { Ingest } from "../../store/ingests/ingest-row.js";

export type Outcome =
  "started" | "failed" | "unsettled" | "stopped" | "cleared" | "described" | "gone" | "refused";

export interface ReconcileRun {
  timeLeftMs: () => number;
  /** Whether there is time for another claim. */
  hasTime: () => boolean;
  count: (outcome: Outcome) => void;
}

/** Rows that a run works on at once. */
export const CLAIMS = 10;

/** The most of each kind in one run. More wait for the next run, or for another instance. */
export const BATCH_MAX = 200;

export async function inBatches(
  { hasTime, count }: ReconcileRun,
  { claim, work }: { claim: () => Promise<Ingest[]>; work: (ingest: Ingest) => Promise<Outcome> },
): Promise<void> {
  for (let done = 0; done < BATCH_MAX && hasTime();) {
    const claimed = await claim();
    if (claimed.length === 0) return;
    done += claimed.length;
    const settled = await Promise.allSettled(claimed.map(work));
    for (const result of settled) {
      // The database failed: the run is over, and the claims end by themselves.
      if (result.status === "rejected") throw result.reason;
      count(result.value);
    }
  }
}
