/** Reads the messages from the function's event. */
import type { EventBatch } from "../message.js";
import { noMessage } from "./action-message.js";
import { checkBounds } from "./bounds.js";
import { readCkafka } from "./ckafka.js";
import { readCloudEvent } from "./cloudevents.js";
import { readCmq } from "./cmq.js";
import { readCos } from "./storage/cos.js";
import { readEventBridge } from "./eventbridge.js";
import { isObject, type Json } from "../../json.js";
import { recordsOf } from "./fields.js";
import { readS3 } from "./storage/s3.js";
import { readSqs } from "./sqs.js";
import { UnknownEventError } from "./unknown-event.js";

/** Each reader reads its own source, and returns `undefined` for others. */
const READERS = [
  readCos,
  readS3,
  readCkafka,
  readCmq,
  readSqs,
  readEventBridge,
  readCloudEvent,
] as const;

/** CKafka delivers at most this many. */
const MESSAGES_MAX = 10_000;

/** Throws UnknownEventError for an event from an unknown source. */
export function readEvent(event: unknown): EventBatch {
  checkBounds(event);
  const together = eventsTogether(event);
  if (together) return readTogether(together);
  if (!isObject(event)) throw new UnknownEventError("is no object");
  checkCount(recordsOf(event));
  return readOne(event);
}

/** A bus may deliver several events at once. Tencent sends them as a field, and AWS as a list. */
function eventsTogether(event: unknown): readonly unknown[] | undefined {
  const list = isObject(event) ? event["EventList"] : event;
  return Array.isArray(list) && list.length > 0 ? list : undefined;
}

/** An element that is not an event becomes an unreadable message. It does not block the others. */
function readTogether(events: readonly unknown[]): EventBatch {
  checkCount(events);
  const read = events.map((event) =>
    isObject(event) ? (readEventBridge(event) ?? readCloudEvent(event)) : undefined,
  );
  if (!read.some((batch) => batch)) throw unknown();
  const messages = read.flatMap((batch, at) => batch?.messages ?? [noMessage("bus", events[at])]);
  return { messages, delivery: "push" };
}

function readOne(event: Json): EventBatch {
  for (const read of READERS) {
    const batch = read(event);
    if (batch) return batch;
  }
  throw unknown();
}

function checkCount({ length }: readonly unknown[]): void {
  if (length > MESSAGES_MAX) {
    throw new UnknownEventError(`has more than ${MESSAGES_MAX} messages`);
  }
}

const unknown = () =>
  new UnknownEventError(
    "comes from none of the sources that are known: COS, S3, CKafka, CMQ, SQS, EventBridge of Tencent Cloud (CloudEvents 1.0) or AWS",
  );
