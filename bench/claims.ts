/**
 * Claims as expire-ingests makes them: the 20 that fall due next, of all rows. What was claimed is
 * then ended, unmeasured, as it would be, so that the next claim finds the index as use leaves it.
 */
import { addMs, SECOND_MS } from "../shared/clock.js";
import { openPostgres } from "../shared/store/postgres.js";
import { createStore } from "../shared/store/store.js";
import { type Bench, median, percentile, timed } from "./measure.js";
import type { Section } from "./results.js";
import { FIRST_DEADLINE, runningOf, type Stored } from "./seed.js";

const CLAIMED = 20;
const LEASE_MS = 10 * SECOND_MS;

export async function benchClaims(
  { show }: Bench,
  { databaseUrl, rows }: Stored,
): Promise<Section> {
  const store = createStore(openPostgres(databaseUrl, { connectionsMax: 1 }));
  const times: number[] = [];
  // Every running row is due by then.
  const at = addMs(FIRST_DEADLINE, runningOf(rows) * SECOND_MS);
  try {
    for (;;) {
      show(`claims, ${times.length} so far`);
      let claimed: { taskId: string; fence: number }[] = [];
      const claim = async () => {
        const wanted = { at, horizonAt: at, leaseMs: LEASE_MS, limit: CLAIMED };
        claimed = await store.claimDue(wanted);
      };
      const ms = await timed(claim);
      if (claimed.length < CLAIMED) break;
      times.push(ms);
      for (const { taskId, fence } of claimed) {
        await store.markEnded({ taskId, fence, reason: "expired", at });
      }
    }
  } finally {
    await store.close();
  }
  const figures = { p50Ms: median(times), p99Ms: percentile(times, 99) };
  return {
    title: `store: claims with ${rows.toLocaleString("en-US")} rows`,
    rows: [{ subject: `a claim of ${CLAIMED}`, figures }],
    ratios: [],
    goals: [],
  };
}
