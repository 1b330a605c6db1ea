/**
 * COS's trigger: an object was stored. Its key comes behind APPID and bucket, its region in short
 * (`cd`); the object's address has the region in full. Nothing says that a key is encoded, so it
 * is taken as it stands.
 * Source: tencentcloud.com/document/product/583/9707.
 */
import { noMessage } from "./action-message.js";
import type { EventBatch, EventMessage } from "../../ingest/event-message.js";
import {
  bucketOf,
  countOf,
  isObject,
  type Json,
  keyOf,
  nameOf,
  recordsOf,
  regionOf,
  textOf,
  within,
} from "./fields.js";
import { objectMessage } from "./object-message.js";

export function readCos(event: Json): EventBatch | undefined {
  const records = recordsOf(event);
  if (!records.some((record) => isObject(record) && isObject(record["cos"]))) return undefined;
  return { messages: records.flatMap(messageOf), delivery: "push" };
}

function messageOf(record: unknown): EventMessage[] {
  const { eventName, eventTime } = within(record, "event");
  if (typeof eventName === "string" && !eventName.startsWith("cos:ObjectCreated:")) return [];
  const { name, appid: number, region } = within(record, "cos", "cosBucket");
  const appid = textOf(number) ?? countOf(number);
  const { url, key, size, meta } = within(record, "cos", "cosObject");
  const bucket = bucketOf(`${textOf(name) ?? ""}-${appid ?? ""}`);
  const ownKey = keyOf(withoutBucket(key, `/${appid ?? ""}/${textOf(name) ?? ""}/`));
  // The request that stored it: the same at each delivery, another when it is stored anew.
  const stored = nameOf(within(meta)["x-cos-request-id"]) ?? `at ${countOf(eventTime) ?? ""}`;
  if (bucket === undefined || ownKey === undefined || stored === "at ") {
    return [noMessage("cos", record)];
  }
  return [
    objectMessage(stored, {
      storage: "cos",
      bucket,
      region: regionInUrl(url, bucket) ?? regionOf(region),
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

function regionInUrl(url: unknown, bucket: string): string | undefined {
  const host = /^https?:\/\/([^/:]+)[/:]/.exec(textOf(url) ?? "")?.[1] ?? "";
  const [ofBucket, region, ...rest] = host.split(".cos.").flatMap((part) => part.split("."));
  return ofBucket === bucket && rest.join(".") === "myqcloud.com" ? regionOf(region) : undefined;
}
