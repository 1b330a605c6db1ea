/** A message that an object was stored, by whichever way it comes. */
import type { EventMessage, EventObject } from "../../message.js";

/**
 * `stored` names the storing of it. What comes by two ways, as from S3 directly and through
 * EventBridge, is one message.
 */
export const objectMessage = (stored: string, object: EventObject): EventMessage => ({
  source: `${object.storage}:${object.bucket}`,
  id: JSON.stringify([object.key, stored]),
  content: { kind: "object", object },
});
