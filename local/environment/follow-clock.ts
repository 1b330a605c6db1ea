/**
 * The clock of an emulator that runs by itself, followed: a run on one machine has one time, and
 * whoever puts the emulator's clock forward or resets it means all of the run.
 */
import { SECOND_MS, systemClock } from "../../shared/clock.js";
import type { AdjustableClock } from "../../emulator/admin/adjustable-clock.js";

interface Following {
  clock: AdjustableClock;
  /** It has forgotten its tasks: it was started again, or reset. */
  onBegunAnew: () => void;
}

const LOOK_EVERY_MS = SECOND_MS;
const PATIENCE_MS = 2 * SECOND_MS;

interface Instance {
  id: string;
  offsetSeconds: number;
}

/** Returns the way to stop. What answers and is no emulator of ours is not asked again. */
export function followClock(url: string, { clock, onBegunAnew }: Following): () => Promise<void> {
  const ending = new AbortController();
  const following = follow();

  async function follow(): Promise<void> {
    let id: string | undefined;
    while (!ending.signal.aborted) {
      const found = await ask(url, ending.signal);
      if (found === "no emulator") return;
      if (found) {
        if (id !== undefined && id !== found.id) {
          clock.reset();
          onBegunAnew();
        }
        id = found.id;
        const aheadMs = Math.round(found.offsetSeconds * SECOND_MS) - clock.offsetMs();
        if (aheadMs > 0) clock.advance(aheadMs);
      }
      await systemClock.sleep(LOOK_EVERY_MS, ending.signal);
    }
  }

  return () => {
    ending.abort();
    return following;
  };
}

/** `undefined`: nobody answers now. */
async function ask(
  url: string,
  ending: AbortSignal,
): Promise<Instance | "no emulator" | undefined> {
  try {
    const signal = AbortSignal.any([ending, AbortSignal.timeout(PATIENCE_MS)]);
    const answer = await fetch(new URL("/_emulator/instance", url), { signal });
    const { id, offsetSeconds } = (await answer.json()) as Partial<Instance>;
    if (typeof id !== "string" || typeof offsetSeconds !== "number") return "no emulator";
    return { id, offsetSeconds };
  } catch (error) {
    return error instanceof SyntaxError ? "no emulator" : undefined;
  }
}
