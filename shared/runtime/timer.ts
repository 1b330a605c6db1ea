/** The kind of every timer function: one bounded run, with its counts in the log. */
import type { Services } from "../ingest/services.js";
import { defineFunction } from "./define-function.js";
import { failureOf } from "./invocation.js";

export type TimerUseCase = (
  services: Services,
  run: { timeLeftMs: () => number },
) => Promise<Record<string, number>>;

/**
 * A run that fails throws, so that the platform counts the failure. What is due stays due, and the
 * next run takes it up.
 */
export const timerFunction = (functionName: string, useCase: TimerUseCase) =>
  defineFunction<Record<string, number>>(functionName, {
    async handle(_event, services, { timeLeftMs, line }) {
      const counts = await useCase(services, { timeLeftMs });
      line.counts = counts;
      return counts;
    },
    // A timer runs every minute, and mostly nothing is due.
    isNews: (counts) => Object.values(counts).some((count) => count !== 0),
    outcomeOf: (error) => failureOf(error, "error"),
  });
