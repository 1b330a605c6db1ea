/**
 * CKafka's trigger. It delivers up to a configured number of messages of one topic.
 * Source: tencentcloud.com/document/product/583/17530. `Partition` has a capital letter in the
 * documentation, and a small one in public samples.
 */
import { contentId, type EventBatch, type EventMessage } from "../message.js";
import { actionMessage, noMessage } from "./action-message.js";
import { isObject, type Json } from "../../json.js";
import { countOf, nameOf, recordsOf, textOf, within } from "./fields.js";

export function readCkafka(event: Json): EventBatch | undefined {
  const records = recordsOf(event);
  if (!records.some((record) => isObject(record) && isObject(record["Ckafka"]))) return undefined;
  return { messages: records.map(messageOf), delivery: "queue" };
}

/**
 * The offset is unique within one instance and one lifetime of its topic. The event contains
 * neither. The id therefore includes the content: a different message at the same offset has
 * another id.
 */
function messageOf(record: unknown): EventMessage {
  const { topic, Partition, partition = Partition, offset, msgBody } = within(record, "Ckafka");
  const name = nameOf(topic);
  const place = [countOf(partition), countOf(offset)];
  const body = textOf(msgBody);
  if (name === undefined || place.includes(undefined) || body === undefined) {
    return noMessage("ckafka", record);
  }
  return actionMessage(`ckafka:${name}`, `${place.join("/")}/${contentId(body)}`, body);
}
