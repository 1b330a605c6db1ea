/**
 * One message of a cloud event, from any provider: its source, its id and its content. The id stays
 * the same at each delivery.
 */
import { createHash } from "node:crypto";

export interface EventMessage {
  /** The source, as EVENT_CALLERS names it. For an object, this is its bucket. */
  source: string;
  /** Unique within its source. It stays the same at each delivery. */
  id: string;
  content: EventContent;
  /** Receipt handle, when it is not `id`. */
  receipt?: string | undefined;
  /** The provider keeps the messages of one group in order. Without a group, we order by ingest. */
  group?: string | undefined;
}

export type EventContent =
  /** JSON: one action of the contract. */
  | { kind: "action"; body: string }
  | { kind: "object"; object: EventObject }
  /** The message lacks a part that its kind requires. */
  | { kind: "unreadable"; problem: string; head: string };

export interface EventObject {
  storage: "cos" | "s3";
  /** For COS, the name includes the APPID. */
  bucket: string;
  /** The full name, such as `ap-guangzhou`. It is absent when the event does not have it. */
  region?: string | undefined;
  /** The object's key, not encoded. */
  key: string;
  size?: number | undefined;
  eTag?: string | undefined;
  /** The queue that delivered the event. It is absent when the storage itself sent it. */
  queue?: string | undefined;
}

/** An event after parsing. */
export interface EventBatch {
  messages: EventMessage[];
  /**
   * `queue`: a message comes back until it is done. `queue-partly`: the same, but finished messages
   * need not come back. `push`: the provider sends it again a few times at most.
   */
  delivery: "queue" | "queue-partly" | "push";
}

/** The digests of two sources never collide: the source comes first and holds no line feed. */
const digestOf = ({ source, id }: Pick<EventMessage, "source" | "id">) =>
  createHash("sha256").update(`${source}\n${id}`);

/** Returns an empty text for content that was not JSON. */
const jsonOf = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value));

/** Derives an id from the content, for content without an id. */
export const contentId = (content: unknown): string =>
  createHash("sha256").update(jsonOf(content)).digest("hex").slice(0, 32);

/**
 * We keep this many characters of an unreadable message. They help an operator to find its sender.
 */
const HEAD_MAX = 1000;

/** A message that lacks a required part. Its content gives it an id. */
export const unreadable = (source: string, problem: string, record: unknown): EventMessage => ({
  source,
  id: contentId(record),
  content: { kind: "unreadable", problem, head: jsonOf(record).slice(0, HEAD_MAX) },
});

/**
 * Id of the message's dead letter, short enough to type. An object event from a queue has an id of
 * its own. Its sender may differ from the storage.
 */
export function deadLetterIdOf(message: EventMessage): string {
  const { content } = message;
  const queue = content.kind === "object" ? content.object.queue : undefined;
  const digest = digestOf(message).update(queue === undefined ? "" : `\n${queue}`);
  return digest.digest("hex").slice(0, 20);
}

/**
 * The ClientToken of a message without one. `attempt` counts explicit replays. A start that TRTC
 * refused for good keeps its token and that answer.
 */
export const tokenOf = (message: EventMessage, attempt = 0): string =>
  `event-${digestOf(message)
    .update(attempt === 0 ? "" : `\n${attempt}`)
    .digest("base64url")}`;
