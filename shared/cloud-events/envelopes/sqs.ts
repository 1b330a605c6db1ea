/**
 * Amazon SQS. With `ReportBatchItemFailures` on the trigger, only unfinished messages go back.
 * Source: docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.
 */
import type { EventBatch, EventMessage } from "../message.js";
import { noMessage } from "./action-message.js";
import { isObject, type Json } from "../../json.js";
import { nameOf, recordsOf, textOf, within } from "./fields.js";
import { queuedMessages } from "./forwarded.js";

export function readSqs(event: Json): EventBatch | undefined {
  const records = recordsOf(event);
  const isSqs = (record: unknown) => isObject(record) && record["eventSource"] === "aws:sqs";
  if (!records.some(isSqs)) return undefined;
  return { messages: records.flatMap(messagesOf), delivery: "queue-partly" };
}

function messagesOf(record: unknown): EventMessage[] {
  const { eventSourceARN, messageId, body } = within(record);
  const queue = nameOf(eventSourceARN, 512);
  const id = nameOf(messageId);
  const text = textOf(body);
  if (queue === undefined || id === undefined || text === undefined) {
    const message = noMessage("sqs", record);
    // SQS identifies the message by its own id, so the receipt uses that id.
    return [{ ...message, id: id ?? message.id, receipt: id }];
  }
  const group = groupOf(queue, record);
  return queuedMessages(queue, id, text).map((message) => ({ ...message, receipt: id, group }));
}

/** A standard queue also has groups, for fairness. It keeps no order. */
function groupOf(queue: string, record: unknown): string | undefined {
  const group = nameOf(within(record, "attributes")["MessageGroupId"]);
  return group !== undefined && queue.endsWith(".fifo") ? `${queue} ${group}` : undefined;
}
