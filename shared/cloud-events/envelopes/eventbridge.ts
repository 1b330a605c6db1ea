/**
 * Amazon EventBridge. It delivers an object stored in S3, or an application's own event with an
 * action as its detail. The key is not encoded here. AWS reserves the source `aws.s3`, so
 * applications cannot use it.
 * Source: docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html and
 * docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.
 */
import type { EventBatch, EventMessage } from "../message.js";
import { actionMessage, noMessage } from "./action-message.js";
import { isObject, type Json } from "../../json.js";
import { bucketOf, countOf, keyOf, nameOf, regionOf, within } from "./fields.js";
import { objectMessage } from "./storage/object-message.js";

export function readEventBridge(event: Json): EventBatch | undefined {
  if (!("detail-type" in event) || !isObject(event["detail"])) return undefined;
  const messages = event["source"] === "aws.s3" ? objectOf(event) : [actionOf(event)];
  return { messages, delivery: "push" };
}

function objectOf(event: Json): EventMessage[] {
  if (event["detail-type"] !== "Object Created") return [];
  const bucket = bucketOf(within(event, "detail", "bucket")["name"]);
  const object = within(event, "detail", "object");
  const key = keyOf(object["key"]);
  const stored = nameOf(object["sequencer"]);
  if (bucket === undefined || key === undefined || stored === undefined) {
    return [noMessage("eventbridge", event)];
  }
  return [
    objectMessage(stored, {
      storage: "s3",
      bucket,
      region: regionOf(event["region"]),
      key,
      size: countOf(object["size"]),
      eTag: nameOf(object["etag"]),
    }),
  ];
}

function actionOf(event: Json): EventMessage {
  const source = nameOf(event["source"]);
  const id = nameOf(event["id"]);
  if (source === undefined || id === undefined) return noMessage("eventbridge", event);
  return actionMessage(`eventbridge:${source}`, id, JSON.stringify(event["detail"]));
}
