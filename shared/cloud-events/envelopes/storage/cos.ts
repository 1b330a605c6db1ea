/**
 * COS's trigger for a stored object. APPID and bucket precede the key. The region stands in several
 * places, in full or in short (`cd`).
 * Source: tencentcloud.com/document/product/583/9707.
 */
import { decodedCosKey } from "./cos-key.js";
import { cosRegion } from "./cos-region.js";
import { noMessage } from "../action-message.js";
import type { EventBatch, EventMessage } from "../../message.js";
import { isObject, type Json } from "../../../json.js";
import { bucketOf, countOf, keyOf, nameOf, recordsOf, textOf, within } from "../fields.js";
import { objectMessage } from "./object-message.js";

export function readCos(event: Json): EventBatch | undefined {
  const records = recordsOf(event);
  if (!records.some((record) => isObject(record) && isObject(record["cos"]))) return undefined;
  return { messages: records.flatMap(messageOf), delivery: "push" };
}

function messageOf(record: unknown): EventMessage[] {
  const { eventName, eventTime } = within(record, "event");
  if (typeof eventName === "string" && !eventName.startsWith("cos:ObjectCreated:")) return [];
  const { name, appid: number } = within(record, "cos", "cosBucket");
  const appid = textOf(number) ?? countOf(number);
  const { url, key, size, meta } = within(record, "cos", "cosObject");
  const bucket = bucketOf(`${textOf(name) ?? ""}-${appid ?? ""}`);
  const written = withoutBucket(key, `/${appid ?? ""}/${textOf(name) ?? ""}/`);
  const ownKey = keyOf(decodedCosKey(written, url));
  // The id of the upload request. It stays the same at each delivery, and a new upload has a new
  // one.
  const stored = nameOf(within(meta)["x-cos-request-id"]) ?? `at ${countOf(eventTime) ?? ""}`;
  if (bucket === undefined || ownKey === undefined || stored === "at ") {
    return [noMessage("cos", record)];
  }
  return [
    objectMessage(stored, {
      storage: "cos",
      bucket,
      region: cosRegion(record, bucket),
      key: ownKey,
      size: countOf(size),
    }),
  ];
}

function withoutBucket(key: unknown, prefix: string): string | undefined {
  const text = textOf(key);
  if (text?.startsWith(prefix) === true) return text.slice(prefix.length);
  return text?.startsWith("/") === true ? undefined : text;
}
