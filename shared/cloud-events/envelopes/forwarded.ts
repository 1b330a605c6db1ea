/**
 * What a queue holds: an application's action, or what a service of AWS has put there. S3 tells a
 * queue of its objects by itself, through SNS, or through EventBridge, and each wraps the other.
 * Source: docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html
 * (the test message) and docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html.
 */
import { type Json, parseObject } from "../../json.js";
import { type EventMessage, unreadable } from "../message.js";
import { actionMessage, BODY_MAX_BYTES } from "./action-message.js";
import { checkBounds } from "./bounds.js";
import { readEventBridge } from "./eventbridge.js";
import { nameOf } from "./fields.js";
import { readS3 } from "./storage/s3.js";

/** S3 writes a list, and puts one record into it. */
const OBJECTS_MAX = 10;

/** None: it asks for nothing. */
export function queuedMessages(queue: string, id: string, body: string): EventMessage[] {
  const sent = jsonOf(body);
  if (!sent) return [actionMessage(queue, id, body)];
  const { Type, MessageId, Message } = sent;
  const published = Type === "Notification" ? nameOf(MessageId) : undefined;
  if (published === undefined || typeof Message !== "string") {
    return unwrapped(queue, { id, body, sent });
  }
  // SNS delivers twice now and then, and SQS takes that for two messages.
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

/** Whoever can write to the queue can write that an object was stored. */
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
    // An action, to be refused as such.
    return undefined;
  }
}
