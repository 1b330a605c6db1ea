/** Runs the functions that have a timer, each by its cron line; runs may overlap, as in the cloud. */
import { type Clock } from "../shared/clock.js";
import { nextRunAt } from "./cron.js";
import type { LocalFunction } from "./functions.js";
import { invoke } from "./platform.js";

export interface Timers {
  /** No further run; resolves when the runs under way are over. */
  close: () => Promise<void>;
}

export function startTimers(functions: readonly LocalFunction[], clock: Clock): Timers {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const loops = functions.flatMap((each) =>
    each.crons.map((cron) => tick(each, { cron, clock, closing: closing.signal, running })),
  );
  return {
    async close() {
      closing.abort();
      await Promise.all(loops);
      await Promise.all(running);
    },
  };
}

interface Ticking {
  cron: string;
  clock: Clock;
  closing: AbortSignal;
  running: Set<Promise<unknown>>;
}

async function tick(target: LocalFunction, { cron, clock, closing, running }: Ticking) {
  for (;;) {
    const now = clock.now();
    const nextAt = nextRunAt(cron, now);
    if (!nextAt) return;
    await clock.sleep(nextAt.getTime() - now.getTime(), closing);
    if (closing.aborted) return;
    const event = {
      Type: "Timer",
      TriggerName: target.name,
      Time: nextAt.toISOString(),
      Message: "",
    };
    // A run that fails has said so in its log line; the next one tries again.
    const run = invoke(target, event).catch(() => undefined);
    running.add(run);
    void run.then(() => running.delete(run));
  }
}
