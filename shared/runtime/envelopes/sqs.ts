/**
 * Amazon SQS. Only what could not be done yet goes back, if the trigger is told that the function
 * says which (`ReportBatchItemFailures`).
 * Source: docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.
 */
import type { EventBatch, EventMessage } from "../../ingest/event-message.js";
import { actionMessage, noMessage } from "./action-message.js";
import { isObject, type Json, nameOf, recordsOf, textOf, within } from "./fields.js";

export function readSqs(event: Json): EventBatch | undefined {
  const records = recordsOf(event);
  const isSqs = (record: unknown) => isObject(record) && record["eventSource"] === "aws:sqs";
  if (!records.some(isSqs)) return undefined;
  return { messages: records.map(messageOf), delivery: "queue-partly" };
}

function messageOf(record: unknown): EventMessage {
  const { eventSourceARN, messageId, body } = within(record);
  const arn = nameOf(eventSourceARN, 512);
  const id = nameOf(messageId);
  const text = textOf(body);
  if (arn !== undefined && id !== undefined && text !== undefined) {
    return actionMessage(arn, id, text);
  }
  // By its own name all the same, if it has one: SQS wants to hear of it by that.
  return id === undefined ? noMessage("sqs", record) : { ...noMessage("sqs", record), id };
}
