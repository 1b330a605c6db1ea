/**
 * Content of a queue: an application's action, or a message from an AWS service. S3 notifies a
 * queue directly, through SNS, or through EventBridge. One envelope can wrap another.
 * Source:
 * docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html (the
 * test message) and docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html.
 */
import { type Json, parseObject } from "../../json.js";
import { type EventMessage, unreadable } from "../message.js";
import { actionMessage, BODY_MAX_BYTES } from "./action-message.js";
import { checkBounds } from "./bounds.js";
import { readEventBridge } from "./eventbridge.js";
import { nameOf } from "./fields.js";
import { readS3 } from "./storage/s3.js";

/** S3 sends a list with one record. */
const OBJECTS_MAX = 10;

/** Returns an empty list when the body requests nothing. */
export function queuedMessages(queue: string, id: string, body: string): EventMessage[] {
  const sent = jsonOf(body);
  if (!sent) return [actionMessage(queue, id, body)];
  const { Type, MessageId, Message } = sent;
  const published = Type === "Notification" ? nameOf(MessageId) : undefined;
  if (published === undefined || typeof Message !== "string") {
    return unwrapped(queue, { id, body, sent });
  }
  // SNS sometimes delivers twice, and SQS then sees two messages.
  const inner = { id: `sns/${published}`, body: Message, sent: jsonOf(Message) };
  return unwrapped(queue, inner);
}

function unwrapped(
  queue: string,
  { id, body, sent }: { id: string; body: string; sent: Json | undefined },
): EventMessage[] {
  if (sent?.["Event"] === "s3:TestEvent") return [];
  const batch = sent && (readS3(sent) ?? readEventBridge(sent));
  if (!batch) return [actionMessage(queue, id, body)];
  if (batch.messages.length <= OBJECTS_MAX) return batch.messages.map(through(queue));
  const problem = `The message tells of more than ${OBJECTS_MAX} objects.`;
  return [{ ...unreadable(queue, problem, body), id }];
}

/** Any sender to the queue can claim that an object was stored. */
const through =
  (queue: string) =>
  (message: EventMessage): EventMessage => {
    const { content } = message;
    if (content.kind !== "object") return { ...message, source: queue };
    return { ...message, content: { ...content, object: { ...content.object, queue } } };
  };

function jsonOf(body: string): Json | undefined {
  if (Buffer.byteLength(body) > BODY_MAX_BYTES) return undefined;
  try {
    const value = parseObject(body);
    checkBounds(value);
    return value;
  } catch {
    // The call check refuses it as an action.
    return undefined;
  }
}
