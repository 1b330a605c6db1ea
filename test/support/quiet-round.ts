/**
 * Whether calls keep TRTC's rate, on a machine that may take the processor away from a call between
 * its slot and its arrival. What shares the rate badly is throttled in every round; one that was held up
 * is throttled now and then, and goes again.
 */
import type { readTruth } from "../../local/truth.js";

const ROUNDS = 3;

/** Runs the round until TRTC throttled nothing in one; how many it throttled in each. */
export async function throttledByRound(
  truth: () => ReturnType<typeof readTruth>,
  action: string,
  round: (n: number) => Promise<void>,
): Promise<number[]> {
  const throttled = async (): Promise<number> =>
    (await truth().calls()).find((each) => each.action === action)?.throttled ?? 0;
  const rounds: number[] = [];
  while (rounds.length < ROUNDS && rounds.at(-1) !== 0) {
    const before = await throttled();
    await round(rounds.length);
    rounds.push((await throttled()) - before);
  }
  return rounds;
}
