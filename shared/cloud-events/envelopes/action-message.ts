/** A message whose text is an action of the contract. */
import { withoutMark } from "../../json.js";
import { type EventMessage, unreadable } from "../message.js";

/** The longest action has 10 kB. */
export const BODY_MAX_BYTES = 64 * 1024;

export function actionMessage(source: string, id: string, body: string): EventMessage {
  if (Buffer.byteLength(body) <= BODY_MAX_BYTES) {
    return { source, id, content: { kind: "action", body: withoutMark(body) } };
  }
  const problem = `The message is larger than ${BODY_MAX_BYTES / 1024} kB.`;
  return { ...unreadable(source, problem, body), id };
}

/** For a record with an unknown source. No caller acts for it. */
export const noMessage = (kind: string, record: unknown): EventMessage =>
  unreadable(kind, `The record lacks what ${kind} puts into each.`, record);
