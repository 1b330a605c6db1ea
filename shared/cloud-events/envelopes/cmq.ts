/**
 * The trigger of a CMQ topic. Tencent creates no new topics; existing ones still send.
 * Source: tencentcloud.com/document/product/583/11517.
 */
import type { EventBatch, EventMessage } from "../message.js";
import { actionMessage, noMessage } from "./action-message.js";
import { isObject, type Json } from "../../json.js";
import { nameOf, recordsOf, textOf, within } from "./fields.js";

export function readCmq(event: Json): EventBatch | undefined {
  const records = recordsOf(event);
  if (!records.some((record) => isObject(record) && isObject(record["CMQ"]))) return undefined;
  return { messages: records.map(messageOf), delivery: "push" };
}

function messageOf(record: unknown): EventMessage {
  const { topicName, msgId, msgBody } = within(record, "CMQ");
  const name = nameOf(topicName);
  const id = nameOf(typeof msgId === "number" ? String(msgId) : msgId);
  const body = textOf(msgBody);
  if (name === undefined || id === undefined || body === undefined) return noMessage("cmq", record);
  return actionMessage(`cmq:${name}`, id, body);
}
