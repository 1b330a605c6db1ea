/**
 * Subjects take turns, so that a busy moment of the machine hits all of them. Of many figures the
 * middle one counts, and the one that 99 of 100 stay below.
 */
import { systemClock } from "../shared/clock.js";
import type { Stage } from "./stage.js";

export interface Bench {
  /** Opened when it is first asked for: signing needs none of it. */
  stage: () => Promise<Stage>;
  /** Fewer rounds and rows: whether it works, rather than how fast. */
  quick: boolean;
  /** One line of progress. */
  show: (line: string) => void;
}

export interface Subject<T> {
  name: string;
  /** `round` counts from 0. */
  run: (round: number) => T | Promise<T>;
}

/** What each subject gave, in the order of the rounds; the first `warmUps` rounds do not count. */
export async function takeTurns<T>(
  subjects: readonly Subject<T>[],
  { rounds, warmUps = 0, onRound }: TurnOptions,
): Promise<Map<string, T[]>> {
  const taken = new Map<string, T[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < warmUps + rounds; round += 1) {
    onRound(`round ${round + 1} of ${warmUps + rounds}`);
    for (const { name, run } of subjects) {
      const outcome = await run(round);
      if (round >= warmUps) taken.get(name)?.push(outcome);
    }
  }
  return taken;
}

interface TurnOptions {
  rounds: number;
  warmUps?: number;
  onRound: (line: string) => void;
}

/** Milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const startedMs = systemClock.elapsedMs();
  await work();
  return systemClock.elapsedMs() - startedMs;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** The smallest value that at least `percent` of all are not above; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
