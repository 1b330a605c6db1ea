/**
 * The function kind for cloud events. It processes the messages of an event. Messages that may
 * succeed later go back to their queue.
 */
import { type BatchOutcome, playBatch } from "../cloud-events/batch.js";
import type { EventUseCases } from "../cloud-events/call.js";
import type { EventBatch, EventMessage } from "../cloud-events/message.js";
import { readEvent } from "../cloud-events/envelopes/read-event.js";
import { UnknownEventError } from "../cloud-events/envelopes/unknown-event.js";
import { defineFunction } from "./define-function.js";
import { failureOf, type Outcome } from "./invocation.js";

/** SQS reads which messages it must deliver again. Other platforms only log the answer. */
export type EventAnswer = BatchOutcome["counts"] | { batchItemFailures: ItemFailure[] };

interface ItemFailure {
  itemIdentifier: string;
}

/** Some messages cannot be processed now. The platform must deliver the event again. */
export class ComeAgainError extends Error {
  override readonly name = "ComeAgainError";

  constructor({ messages, later }: BatchOutcome["counts"]) {
    super(`${later} of ${messages} messages could not be played now, and may be later`);
    // The platform prints this error. It is no fault of the code, so it needs no stack.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * Throws UnknownEventError for an event of an unknown source. Throws ComeAgainError when the
 * platform must deliver messages again.
 */
export const eventFunction = (functionName: string, useCases: EventUseCases) =>
  defineFunction<EventAnswer>(functionName, {
    actor: "event",
    async handle(event, services, { timeLeftMs, line }) {
      const batch = readEvent(event);
      const played = await playBatch(services, batch, { useCases, timeLeftMs });
      line.counts = played.counts;
      return answerOf(batch, played);
    },
    outcomeOf,
  });

function outcomeOf(error: unknown): Outcome {
  // Each message has its own log line already.
  if (error instanceof ComeAgainError) return { level: "info", outcome: "ok" };
  if (error instanceof UnknownEventError) {
    return { level: "error", outcome: "InvalidRequest", detail: error.message };
  }
  return failureOf(error, "error");
}

/**
 * Returns the answer for the platform. Throws ComeAgainError when all messages must come again,
 * also for SQS. A trigger without `ReportBatchItemFailures` treats any answer as a success.
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
