/**
 * Follows the clock of a separate emulator. A run on one machine has one time, so moving or
 * resetting the emulator's clock applies to the whole run.
 */
import { SECOND_MS, systemClock } from "../../shared/clock.js";
import type { AdjustableClock } from "../../emulator/admin/adjustable-clock.js";

interface Following {
  clock: AdjustableClock;
  /** Called when the emulator lost its tasks: after a restart or a reset. */
  onBegunAnew: () => void;
}

const LOOK_EVERY_MS = SECOND_MS;
const PATIENCE_MS = 2 * SECOND_MS;

interface Instance {
  id: string;
  offsetSeconds: number;
}

/** Returns a function that stops it. A server that is not our emulator is asked only once. */
export function followClock(url: string, { clock, onBegunAnew }: Following): () => Promise<void> {
  const ending = new AbortController();
  const following = follow();

  async function follow(): Promise<void> {
    let id: string | undefined;
    while (!ending.signal.aborted) {
      const instance = await readInstance(url, ending.signal);
      if (instance === "no emulator") return;
      if (instance) {
        if (id !== undefined && id !== instance.id) {
          clock.reset();
          onBegunAnew();
        }
        id = instance.id;
        const aheadMs = Math.round(instance.offsetSeconds * SECOND_MS) - clock.offsetMs();
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

/** `undefined`: no answer now. */
async function readInstance(
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
