/** One bounded run for every duty: its time, its counts, its batches. */
import type { Ingest } from "../../store/ingests/ingest-row.js";

export type Outcome =
  "started" | "failed" | "unsettled" | "stopped" | "cleared" | "described" | "gone" | "refused";

export interface ReconcileRun {
  timeLeftMs: () => number;
  /** True when there is time for another claim. */
  hasTime: () => boolean;
  count: (outcome: Outcome) => void;
}

/** The most rows that a run works on at once. */
export const CLAIMS = 10;

/** The most rows of each kind in one run. Other rows wait for the next run or another instance. */
export const BATCH_MAX = 200;

export async function inBatches(
  { hasTime, count }: ReconcileRun,
  { claim, work }: { claim: () => Promise<Ingest[]>; work: (ingest: Ingest) => Promise<Outcome> },
): Promise<void> {
  for (let done = 0; done < BATCH_MAX && hasTime();) {
    const claimed = await claim();
    if (claimed.length === 0) return;
    done += claimed.length;
    const results = await Promise.allSettled(claimed.map(work));
    for (const result of results) {
      // The database failed. The run ends, and so do its claims after their leases.
      if (result.status === "rejected") throw result.reason;
      count(result.value);
    }
  }
}
