/**
 * CloudEvents 1.0, as Tencent's EventBridge sends them. The data of an application's own event is
 * an action. A connector's event carries a message from TDMQ or CKafka, with its text in `msgBody`.
 * Source: tencentcloud.com/document/product/1108/42275 (one version has the specversion "0") and,
 * for TDMQ, 1108/42278.
 */
import type { EventBatch, EventMessage } from "../message.js";
import { actionMessage, noMessage } from "./action-message.js";
import { type Json, isObject } from "../../json.js";
import { nameOf, textOf } from "./fields.js";

export function readCloudEvent(event: Json): EventBatch | undefined {
  const { specversion } = event;
  if (typeof specversion !== "string" || !/^(0|1\.0(\.\d)?)$/.test(specversion)) return undefined;
  return { messages: [messageOf(event)], delivery: "push" };
}

function messageOf(event: Json): EventMessage {
  const { data } = event;
  const source = nameOf(event["source"]);
  const id = nameOf(event["id"]);
  const body = bodyOf(data) ?? decoded(event["data_base64"]);
  if (source === undefined || id === undefined || body === undefined) {
    return noMessage("cloudevents", event);
  }
  // A connector's source is the product. The data contains the topic.
  const topic = isObject(data) && isConnector(event) ? nameOf(data["topic"]) : undefined;
  const place = topic === undefined ? source : `${source}/${topic}`;
  return actionMessage(`cloudevents:${place}`, id, body);
}

const isConnector = ({ type }: Json): boolean =>
  typeof type === "string" && type.startsWith("connector:");

/** CloudEvents encode bytes in this way. Our bytes are the text of an action. */
function decoded(base64: unknown): string | undefined {
  const text = textOf(base64);
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, "base64").toString("utf8");
}

function bodyOf(data: unknown): string | undefined {
  if (!isObject(data)) return textOf(data);
  return "msgBody" in data ? textOf(data["msgBody"]) : JSON.stringify(data);
}
