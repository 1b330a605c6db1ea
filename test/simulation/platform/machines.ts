/**
 * Where functions run: machines whose clocks differ, that freeze and wake, and whose processes are
 * killed. What a killed invocation waited for never comes; what a frozen one waits for comes when
 * it wakes.
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

/** One event that a function serves: what the platform ends as a whole. */
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

/** The process ends, and with it everything that runs in it; another is there at once. */
export function killAllOn({ running }: Machine): void {
  for (const invocation of [...running]) kill(invocation);
}

/** Lets an invocation have something at an instant: later if it is frozen then, never if it is dead. */
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

/** Time as a machine sees it, for what runs on it. */
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
