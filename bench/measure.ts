/**
 * Runs subjects in turn, so that a busy moment of the machine affects all. Of many figures the
 * median and the 99th percentile count.
 */
import { systemClock } from "../shared/clock.js";
import type { Stage } from "./stage.js";

export interface Bench {
  /** Opened on demand: signing does not need it. */
  stage: () => Promise<Stage>;
  /** Fewer rounds and rows, to test that the bench works. */
  quick: boolean;
  /** Prints one line of progress. */
  show: (line: string) => void;
}

export interface Subject<T> {
  name: string;
  /** `round` counts from 0. */
  run: (round: number) => T | Promise<T>;
}

/**
 * Returns each subject's figures in the order of the rounds. The first `warmUps` rounds do not
 * count.
 */
export async function takeTurns<T>(
  subjects: readonly Subject<T>[],
  { rounds, warmUps = 0, onRound }: TurnOptions,
): Promise<Map<string, T[]>> {
  const outcomes = new Map<string, T[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < warmUps + rounds; round += 1) {
    onRound(`round ${round + 1} of ${warmUps + rounds}`);
    for (const { name, run } of subjects) {
      const outcome = await run(round);
      if (round >= warmUps) outcomes.get(name)?.push(outcome);
    }
  }
  return outcomes;
}

interface TurnOptions {
  rounds: number;
  warmUps?: number;
  onRound: (line: string) => void;
}

/** The milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const startedMs = systemClock.elapsedMs();
  await work();
  return systemClock.elapsedMs() - startedMs;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/**
 * The smallest value that at least `percent` of all values do not exceed. NaN for an empty list.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
