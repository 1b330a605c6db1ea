/**
 * Amazon S3's own notification of a stored object. The key has form encoding: `+` is a space.
 * Source: docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html.
 */
import type { EventBatch, EventMessage } from "../../message.js";
import { noMessage } from "../action-message.js";
import { isObject, type Json } from "../../../json.js";
import { bucketOf, countOf, keyOf, nameOf, recordsOf, regionOf, within } from "../fields.js";
import { objectMessage } from "./object-message.js";

export function readS3(event: Json): EventBatch | undefined {
  const records = recordsOf(event);
  const isS3 = (record: unknown) => isObject(record) && record["eventSource"] === "aws:s3";
  if (!records.some(isS3)) return undefined;
  return { messages: records.flatMap(messageOf), delivery: "push" };
}

function messageOf(record: unknown): EventMessage[] {
  const { eventName, awsRegion } = within(record);
  if (typeof eventName === "string" && !eventName.startsWith("ObjectCreated:")) return [];
  const bucket = bucketOf(within(record, "s3", "bucket")["name"]);
  const object = within(record, "s3", "object");
  const key = keyOf(decoded(object["key"]));
  const stored = nameOf(object["sequencer"]);
  if (bucket === undefined || key === undefined || stored === undefined) {
    return [noMessage("s3", record)];
  }
  return [
    objectMessage(stored, {
      storage: "s3",
      bucket,
      region: regionOf(awsRegion),
      key,
      size: countOf(object["size"]),
      eTag: nameOf(object["eTag"]),
    }),
  ];
}

function decoded(key: unknown): string | undefined {
  try {
    return typeof key === "string" ? decodeURIComponent(key.replaceAll("+", " ")) : undefined;
  } catch {
    return undefined;
  }
}
