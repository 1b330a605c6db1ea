/** The function kind for timers: one bounded run, with its counts in the log. */
import type { Services } from "../ingest/services.js";
import { defineFunction } from "./define-function.js";
import { failureOf } from "./invocation.js";
import { rememberAnswers } from "./trtc-answers.js";

type Counts = Record<string, number>;

export type TimerUseCase = (
  services: Services,
  run: { timeLeftMs: () => number },
) => Promise<Counts>;

/**
 * A run that fails throws, so that the platform counts the failure. Due rows stay due, and the next
 * run takes them. Each database has a run of its own, so one that is away delays no other.
 */
export const timerFunction = (functionName: string, useCase: TimerUseCase) =>
  defineFunction<Counts>(functionName, {
    actor: "timer",
    async handle(_event, services, { timeLeftMs, line }) {
      const { store, places } = services;
      const stores = places ? places.all.map((place) => place.store) : [store];
      const runs = await Promise.allSettled(
        stores.map((store) =>
          markedRun({ ...services, store }, functionName, (marked) =>
            useCase(marked, { timeLeftMs }),
          ),
        ),
      );
      for (const run of runs) {
        if (run.status === "fulfilled") line.counts = sum(line.counts, run.value);
      }
      const failed = runs.find((run) => run.status === "rejected");
      if (failed) throw failed.reason;
      return line.counts ?? {};
    },
    // A timer runs every minute, and usually no row is due.
    isNews: (counts) => Object.values(counts).some((count) => count !== 0),
    outcomeOf: (error) => failureOf(error, "error"),
  });

/**
 * Each run writes its end, so that a timer that does not fire is seen. The outcome of the run is what
 * counts, not whether its mark could be written.
 */
async function markedRun(
  services: Services,
  functionName: string,
  run: (services: Services) => Promise<Counts>,
): Promise<Counts> {
  const { trtc, answers } = rememberAnswers(services.trtc);
  const mark = (isFailed: boolean) =>
    services.store.health
      .markTimerRun({ functionName, isFailed, answers: answers() })
      .catch(() => undefined);
  try {
    const counts = await run({ ...services, trtc });
    await mark(false);
    return counts;
  } catch (error) {
    await mark(true);
    throw error;
  }
}

const sum = (counts: Counts = {}, others: Counts): Counts => ({
  ...counts,
  ...Object.fromEntries(
    Object.entries(others).map(([name, count]) => [name, (counts[name] ?? 0) + count]),
  ),
});
