/**
 * Runs the functions that have a timer, each by its cron line. Runs may overlap, as in the cloud.
 */
import { type Clock } from "../shared/clock.js";
import { nextRunAt } from "./declared/cron.js";
import type { HostedFunction } from "./declared/functions.js";
import { type Ending, invoke, makeEnding } from "./platform.js";

export interface Timers {
  /** Starts no more runs and asks current ones to end. Resolves when they are over. */
  close: () => Promise<void>;
}

/** Runs under way have so long to end. */
const ENDING_MS = 10_000;

/**
 * Throws for a line that SCF would refuse, before any function runs. `ending`: of the process.
 * Without it `close` begins one.
 */
export function startTimers(
  functions: readonly HostedFunction[],
  clock: Clock,
  ending = makeEnding(ENDING_MS),
): Timers {
  const timers = functions.flatMap((target) => target.crons.map((cron) => ({ target, cron })));
  for (const { cron } of timers) nextRunAt(cron, clock.now());
  const running = new Set<Promise<unknown>>();
  const loops = timers.map(({ target, cron }) =>
    runByCron(target, { cron, clock, ending, running }),
  );
  return {
    async close() {
      ending.begin();
      await Promise.all(loops);
      await Promise.all(running);
    },
  };
}

interface Schedule {
  cron: string;
  clock: Clock;
  ending: Ending;
  running: Set<Promise<unknown>>;
}

async function runByCron(target: HostedFunction, { cron, clock, ending, running }: Schedule) {
  for (;;) {
    const at = nextRunAt(cron, clock.now());
    if (!at) return;
    const hasCome = await sleepUntil(at, { clock, ending });
    if (ending.signal.aborted) return;
    if (!hasCome) continue;
    const event = { Type: "Timer", TriggerName: target.name, Time: at.toISOString(), Message: "" };
    // A failed run has logged its error. The next run tries again.
    const run = invoke(target, event, ending).catch(() => undefined);
    running.add(run);
    void run.then(() => running.delete(run));
  }
}

/** Node.js timers cannot exceed 24 days: a longer one fires at once. */
const SLEEP_MAX_MS = 24 * 60 * 60 * 1000;

/** NTP sets a clock back by less than this. A reset after a move sets it back by more. */
const WENT_BACK_MS = 2000;

/**
 * Resolves to whether the instant has come. A clock that was set back has another next run. A timer
 * may wake slightly early, and the same instant would then come twice.
 */
async function sleepUntil(
  at: Date,
  { clock, ending }: Pick<Schedule, "clock" | "ending">,
): Promise<boolean> {
  let before = clock.now();
  for (;;) {
    const now = clock.now();
    if (before.getTime() - now.getTime() > WENT_BACK_MS) return false;
    before = now;
    const leftMs = at.getTime() - now.getTime();
    if (leftMs <= 0 || ending.signal.aborted) return true;
    await clock.sleep(Math.min(leftMs, SLEEP_MAX_MS), ending.signal);
  }
}
