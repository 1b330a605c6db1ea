/**
 * The kind of the function for cloud events: it plays an event's messages. Messages that may work
 * later go back to their queue.
 */
import { type BatchOutcome, playBatch } from "../cloud-events/batch.js";
import type { EventUseCases } from "../cloud-events/call.js";
import type { EventBatch, EventMessage } from "../cloud-events/message.js";
import { readEvent } from "../cloud-events/envelopes/read-event.js";
import { UnknownEventError } from "../cloud-events/envelopes/unknown-event.js";
import { defineFunction } from "./define-function.js";
import { failureOf, type Outcome } from "./invocation.js";

/** SQS is told which messages are to come again; to everybody else it is a note in the log. */
export type EventAnswer = BatchOutcome["counts"] | { batchItemFailures: ItemFailure[] };

interface ItemFailure {
  itemIdentifier: string;
}

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
 * Throws UnknownEventError for an event of no known source, and ComeAgainError when the platform is
 * to send messages again.
 */
export const eventFunction = (functionName: string, useCases: EventUseCases) =>
  defineFunction<EventAnswer>(functionName, {
    async handle(event, services, { timeLeftMs, line }) {
      const batch = readEvent(event);
      const played = await playBatch(services, batch, { useCases, timeLeftMs });
      line.counts = played.counts;
      return answerOf(batch, played);
    },
    outcomeOf,
  });

function outcomeOf(error: unknown): Outcome {
  // Each message has its own line already.
  if (error instanceof ComeAgainError) return { level: "info", outcome: "ok" };
  if (error instanceof UnknownEventError) {
    return { level: "error", outcome: "InvalidRequest", detail: error.message };
  }
  return failureOf(error, "error");
}

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
