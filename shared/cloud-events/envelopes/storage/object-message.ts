/** The message of a stored object, from any envelope. */
import type { EventMessage, EventObject } from "../../message.js";

/**
 * `stored` identifies the upload. An object event may come from S3 directly and through
 * EventBridge. Both are one message.
 */
export const objectMessage = (stored: string, object: EventObject): EventMessage => ({
  source: `${object.storage}:${object.bucket}`,
  id: JSON.stringify([object.key, stored]),
  content: { kind: "object", object },
});
