/** Waits while another instance works on the same row. */
import type { Ingest } from "../store/ingests/ingest-row.js";
import type { Services } from "./services.js";
import { WAIT_RESERVE_MS } from "./timing.js";

/**
 * The first pause is short, since most calls to TRTC take less than a second. Later pauses are
 * longer.
 */
const POLL_FIRST_MS = 100;
const POLL_LONGEST_MS = 1000;

/**
 * Returns the row as soon as `isOver` holds for it. Otherwise returns it as it is when its claim
 * ends or the time is up.
 */
export async function waitUntil(
  { store, clock }: Services,
  ingest: Ingest,
  { isOver, timeLeftMs }: { isOver: (ingest: Ingest) => boolean; timeLeftMs: () => number },
): Promise<Ingest> {
  let seen = ingest;
  let pauseMs = POLL_FIRST_MS;
  while (!isOver(seen) && isHeld(seen, clock.now()) && timeLeftMs() - pauseMs > WAIT_RESERVE_MS) {
    await clock.sleep(pauseMs);
    seen = (await store.ingests.read(ingest.taskId)) ?? seen;
    pauseMs = Math.min(pauseMs * 1.5, POLL_LONGEST_MS);
  }
  return seen;
}

/** Timers may fire a moment early. Nothing happens even a millisecond before its time. */
export async function sleepUntil({ clock }: Pick<Services, "clock">, at: Date): Promise<Date> {
  for (;;) {
    const now = clock.now();
    const ms = at.getTime() - now.getTime();
    if (ms <= 0) return now;
    await clock.sleep(ms);
  }
}

/** Pauses a little longer at each call. Returns false when no time is left for another pause. */
export function sleepBetween(
  { clock }: Pick<Services, "clock">,
  timeLeftMs: () => number,
): () => Promise<boolean> {
  let pauseMs = POLL_FIRST_MS;
  return async () => {
    if (timeLeftMs() - pauseMs <= WAIT_RESERVE_MS) return false;
    await clock.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 1.5, POLL_LONGEST_MS);
    return true;
  };
}

export const waitWhileStarting = (
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> =>
  waitUntil(services, ingest, { isOver: ({ state }) => state !== "starting", timeLeftMs });

const isHeld = ({ leaseUntil }: Ingest, now: Date): boolean =>
  leaseUntil !== null && leaseUntil.getTime() > now.getTime();
