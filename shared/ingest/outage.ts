/**
 * What an instance does while the database fails over. It still holds its rows, and it alone knows
 * what TRTC has answered. So it waits for the new primary, as long as it may work.
 */
import { ignoreFailure } from "../ignore.js";
import { mayComeBack, mayHaveArrived } from "../store/engine/unavailable.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import type { Services } from "./services.js";
import { WAIT_RESERVE_MS } from "./timing.js";

/** Short, since callers and deadlines wait for the same moment. */
const PAUSE_MS = 250;

/**
 * Sends a statement again while the database is away. An earlier try may have been carried out
 * without an answer. So the statement must do no harm twice, and a fence makes it find nothing then.
 * `mayBeDone`: an earlier try may have been carried out, and the next one may look for its effect.
 * A silent network takes all of a statement's time limit. So a try needs as much time as the last.
 */
export async function throughOutage<T>(
  { clock }: Pick<Services, "clock">,
  timeLeftMs: () => number,
  ask: (mayBeDone: boolean) => Promise<T>,
): Promise<T> {
  let mayBeDone = false;
  for (;;) {
    const beganMs = clock.elapsedMs();
    try {
      return await ask(mayBeDone);
    } catch (error) {
      mayBeDone ||= mayHaveArrived(error);
      const tookMs = clock.elapsedMs() - beganMs;
      if (!mayComeBack(error) || timeLeftMs() - PAUSE_MS - tookMs <= WAIT_RESERVE_MS) throw error;
    }
    await clock.sleep(PAUSE_MS);
  }
}

/** Frees a row that no instance works on now. Otherwise the next try waits until the lease ends. */
export async function giveBack(
  services: Pick<Services, "clock" | "store">,
  { taskId, fence }: Pick<Ingest, "taskId" | "fence">,
  timeLeftMs: () => number,
): Promise<void> {
  const { store, clock } = services;
  const release = () => store.ingests.release({ taskId, fence, retryAt: clock.now() });
  await throughOutage(services, timeLeftMs, release).catch(ignoreFailure);
}
