/**
 * The stack of the door for cloud events: one event in, its messages played, and what may work
 * later thrown back to the queue that it came from.
 */
import middy from "@middy/core";
import { systemClock } from "../clock.js";
import { asApiError } from "../contract/errors.js";
import { type BatchOutcome, playBatch } from "../cloud-events/batch.js";
import type { EventUseCases } from "../cloud-events/call.js";
import type { EventBatch, EventMessage } from "../cloud-events/message.js";
import type { Services } from "../ingest/services.js";
import { consoleLog } from "../log.js";
import { readEvent } from "../cloud-events/envelopes/read-event.js";
import { UnknownEventError } from "../cloud-events/envelopes/unknown-event.js";
import { invocationOf, type PlatformContext } from "./invocation.js";

/** SQS is told which messages are to come again; to everybody else it is a note in the log. */
export type EventAnswer = BatchOutcome["counts"] | { batchItemFailures: ItemFailure[] };

interface ItemFailure {
  itemIdentifier: string;
}

export type EventHandler = (event: unknown, context?: PlatformContext) => Promise<EventAnswer>;

/** Not all of it could be done now: the platform is to send it again. */
export class ComeAgainError extends Error {
  override readonly name = "ComeAgainError";

  constructor({ messages, later }: BatchOutcome["counts"]) {
    super(`${later} of ${messages} messages could not be played now, and may be later`);
    // The platform prints what is thrown, and this is no fault of the code.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * Throws UnknownEventError for what is none of its events, and ComeAgainError for what is to come
 * again; and what keeps the services from opening.
 */
export const eventFunction =
  (functionName: string, useCases: EventUseCases) =>
  (open: () => Promise<Services>): EventHandler => {
    const run = async (event: unknown, context: unknown): Promise<EventAnswer> => {
      const { requestId, timeLeftMs } = invocationOf(context as PlatformContext, systemClock);
      const startedMs = systemClock.elapsedMs();
      const line = { event: functionName, requestId };
      const ms = () => Math.round(systemClock.elapsedMs() - startedMs);
      // Until the services are open: what keeps them from opening must be readable somewhere.
      let log = consoleLog;
      try {
        const services = await open();
        log = services.log;
        const batch = readEvent(event);
        const played = await playBatch(services, batch, {
          functionName,
          requestId,
          useCases,
          timeLeftMs,
        });
        log({ level: "info", ...line, outcome: "ok", ms: ms(), counts: played.counts });
        return answerOf(batch, played);
      } catch (error) {
        if (error instanceof ComeAgainError) throw error;
        const isUnknown = error instanceof UnknownEventError;
        const { code, detail } = asApiError(error);
        const outcome = isUnknown ? "InvalidRequest" : code;
        log({
          level: "error",
          ...line,
          outcome,
          ms: ms(),
          detail: isUnknown ? error.message : detail,
        });
        throw error;
      }
    };
    return middy(run);
  };

/**
 * What the platform hears of it. Throws ComeAgainError; also where SQS is to send all of it again,
 * since a trigger that was not told of `batchItemFailures` takes any answer for success.
 */
export function answerOf(
  { messages, delivery }: EventBatch,
  { counts, later }: BatchOutcome,
): EventAnswer {
  const failed = receiptsOf(later);
  const isWhole = delivery !== "queue-partly" || failed.length === receiptsOf(messages).length;
  if (failed.length > 0 && isWhole) throw new ComeAgainError(counts);
  if (delivery !== "queue-partly") return counts;
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

const receiptsOf = (messages: readonly EventMessage[]): string[] => [
  ...new Set(messages.map(({ id, receipt = id }) => receipt)),
];
