/**
 * CKafka's trigger: messages of a topic, as many as it is told to hand over at once.
 * Source: tencentcloud.com/document/product/583/17530. `Partition` has a capital letter in the
 * documentation, and none in public samples.
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
 * The offset names a message within one instance and one life of its topic, and the event names
 * neither: what it holds is part of its name, so that another message at that place is another.
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
