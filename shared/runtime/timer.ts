/** The stack of every timer door: one bounded run, its counts in the log. */
import middy from "@middy/core";
import { systemClock } from "../clock.js";
import { asApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { consoleLog } from "../log.js";
import { invocationOf, type PlatformContext } from "./invocation.js";

export type TimerUseCase = (
  services: Services,
  run: { timeLeftMs: () => number },
) => Promise<Record<string, number>>;

export type TimerHandler = (
  event: unknown,
  context?: PlatformContext,
) => Promise<Record<string, number>>;

/**
 * A run that fails throws, so that the platform's own count of failures is right; it is tried
 * again by the next run, and nothing is lost meanwhile, since what is due stays due.
 */
export const timerFunction =
  (functionName: string, useCase: TimerUseCase) =>
  (open: () => Promise<Services>): TimerHandler => {
    const run = async (_event: unknown, context: unknown): Promise<Record<string, number>> => {
      const { requestId, timeLeftMs } = invocationOf(context as PlatformContext, systemClock);
      const startedMs = systemClock.elapsedMs();
      const line = { event: functionName, requestId };
      const ms = () => Math.round(systemClock.elapsedMs() - startedMs);
      // Until the services are open: what keeps them from opening must be readable somewhere.
      let log = consoleLog;
      try {
        const services = await open();
        log = services.log;
        const counts = await useCase(services, { timeLeftMs });
        // A run with nothing due is no news, and a timer has one every minute.
        const isNews = Object.values(counts).some((count) => count !== 0);
        if (isNews) log({ level: "info", ...line, outcome: "ok", ms: ms(), counts });
        return counts;
      } catch (error) {
        const { code, detail } = asApiError(error);
        log({ level: "error", ...line, outcome: code, ms: ms(), detail });
        throw error;
      }
    };
    return middy(run);
  };
