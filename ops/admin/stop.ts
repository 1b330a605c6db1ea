/** Waits until stopped ingests of any caller have ended, by their rows. */
import { SECOND_MS } from "../../shared/clock.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { listForOperator } from "../../shared/store/operator.js";
import type { AdminDesk, Result } from "./outcome.js";

const POLL_MS = SECOND_MS;

/** Waits until all have ended, or until the time is over. */
export async function awaitEnds(
  { query, services }: AdminDesk,
  ingests: readonly Ingest[],
  waitMs: number,
): Promise<(ingest: Ingest) => Result> {
  const { clock } = services;
  const startedMs = clock.elapsedMs();
  const taskIds = ingests.map(({ taskId }) => taskId);
  for (;;) {
    const live = await listForOperator(query, { taskIds, isEnded: false, limit: taskIds.length });
    if (live.length === 0 || clock.elapsedMs() - startedMs >= waitMs) {
      return outcomesOf(new Set(live.map(({ taskId }) => taskId)), waitMs);
    }
    await clock.sleep(POLL_MS);
  }
}

const outcomesOf =
  (liveIds: ReadonlySet<string>, waitMs: number) =>
  ({ taskId }: Ingest): Result =>
    liveIds.has(taskId)
      ? {
          Outcome: `asked to stop, and not ended after ${waitMs / SECOND_MS} s: does expire-ingests run? See trtc-ingest doctor`,
          ok: false,
        }
      : { Outcome: "stopped", ok: true };
