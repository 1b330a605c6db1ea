/**
 * The machines that run functions. Their clocks differ, they freeze and wake up, and their processes
 * are killed. A killed invocation never receives its answers; a frozen one receives them when it
 * wakes up.
 */
import type { Clock } from "../../../shared/clock.js";
import type { Random } from "../random.js";
import type { Timeline } from "./timeline.js";

export interface Machine {
  name: string;
  /** How far its wall clock is ahead of the true time; negative: behind. */
  skewMs: number;
  /** Its elapsed time counts from an instant of its own. */
  bootMs: number;
  /** Frozen until then. */
  thawsMs: number;
  running: Set<Invocation>;
}

/** One event that a function handles; the platform ends it as a whole. */
export interface Invocation {
  name: string;
  machine: Machine;
  isDead: boolean;
  /** Called when it is killed. */
  onDeath: () => void;
}

export function makeMachines({
  count,
  skewMaxMs,
  random,
  nowMs,
}: {
  count: number;
  skewMaxMs: number;
  random: Random;
  nowMs: number;
}): Machine[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `m${index + 1}`,
    skewMs: random.between(-skewMaxMs, skewMaxMs),
    bootMs: nowMs - random.between(0, 1_000_000),
    thawsMs: 0,
    running: new Set<Invocation>(),
  }));
}

export function kill(invocation: Invocation): void {
  if (invocation.isDead) return;
  invocation.isDead = true;
  invocation.machine.running.delete(invocation);
  invocation.onDeath();
}

/** The process ends with all its invocations, and a new process starts at once. */
export function killAllOn({ running }: Machine): void {
  for (const invocation of [...running]) kill(invocation);
}

/** Delivers an answer to an invocation: later if its machine is frozen, never if it was killed. */
export function deliver(
  timeline: Timeline,
  { invocation, atMs, hand }: { invocation: Invocation; atMs: number; hand: () => void },
): void {
  timeline.at(atMs, () => {
    if (invocation.isDead) return;
    const { thawsMs } = invocation.machine;
    if (thawsMs > timeline.nowMs()) deliver(timeline, { invocation, atMs: thawsMs, hand });
    else hand();
  });
}

/** Timers fire a moment early or late. */
const TIMER_ERRORS_MS = [-1, 0, 0, 0, 1, 2];

/** The clock of a machine, for the functions that run on it. */
export function clockOf(
  timeline: Timeline,
  { invocation, random }: { invocation: Invocation; random: Random },
): Clock {
  const { machine } = invocation;
  return {
    now: () => new Date(timeline.nowMs() + machine.skewMs),
    elapsedMs: () => timeline.nowMs() - machine.bootMs,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleepMs = Math.max(0, Math.ceil(ms) + random.pick(TIMER_ERRORS_MS));
        deliver(timeline, { invocation, atMs: timeline.nowMs() + sleepMs, hand: resolve });
        signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    },
  };
}
