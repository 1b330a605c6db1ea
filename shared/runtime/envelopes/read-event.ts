/** From whatever called the function to the messages in it. */
import type { EventBatch } from "../../ingest/event-message.js";
import { checkBounds } from "./bounds.js";
import { readCkafka } from "./ckafka.js";
import { readCloudEvent } from "./cloudevents.js";
import { readCmq } from "./cmq.js";
import { readCos } from "./cos.js";
import { readEventBridge } from "./eventbridge.js";
import { isObject, recordsOf } from "./fields.js";
import { readS3 } from "./s3.js";
import { readSqs } from "./sqs.js";
import { UnknownEventError } from "./unknown-event.js";

/** Each reads its own, and leaves others alone. */
const READERS = [
  readCos,
  readS3,
  readCkafka,
  readCmq,
  readSqs,
  readEventBridge,
  readCloudEvent,
] as const;

/** CKafka hands over so many at most. */
const MESSAGES_MAX = 10_000;

/** Throws UnknownEventError for what comes from none of the sources. */
export function readEvent(event: unknown): EventBatch {
  if (!isObject(event)) throw new UnknownEventError("is no object");
  checkBounds(event);
  if (recordsOf(event).length > MESSAGES_MAX) {
    throw new UnknownEventError(`has more than ${MESSAGES_MAX} messages`);
  }
  for (const read of READERS) {
    const batch = read(event);
    if (batch) return batch;
  }
  throw new UnknownEventError(
    "comes from none of the sources that are known: COS, S3, CKafka, CMQ, SQS, EventBridge of Tencent Cloud (CloudEvents 1.0) or AWS",
  );
}
