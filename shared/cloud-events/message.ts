/**
 * One message of a cloud event, whoever sent it: a name that stays the same when it is delivered
 * again, where it comes from, and what is in it.
 */
import { createHash } from "node:crypto";

export interface EventMessage {
  /** Where it comes from, as EVENT_CALLERS names it; of an object, its bucket. */
  source: string;
  /** Within its source; the same at each delivery. */
  id: string;
  content: EventContent;
  /** Receipt handle, when it is not `id`. */
  receipt?: string | undefined;
  /** What its provider keeps in order; absent: what is about one ingest is. */
  group?: string | undefined;
}

export type EventContent =
  /** JSON: one action of the contract. */
  | { kind: "action"; body: string }
  | { kind: "object"; object: EventObject }
  /** It lacks what a message of its kind has. */
  | { kind: "unreadable"; problem: string; head: string };

export interface EventObject {
  storage: "cos" | "s3";
  /** Of COS, with its APPID. */
  bucket: string;
  /** In full, as `ap-guangzhou`; absent when the event does not say. */
  region?: string | undefined;
  /** As the object is called, not encoded. */
  key: string;
  size?: number | undefined;
  eTag?: string | undefined;
  /** The queue that told of it; absent: the storage itself. */
  queue?: string | undefined;
}

/** An event, read. */
export interface EventBatch {
  messages: EventMessage[];
  /**
   * `queue`: a message comes back until it is done. `queue-partly`: so it does, and those that are
   * done need not come with it. `push`: it is sent again a few times at most, or never.
   */
  delivery: "queue" | "queue-partly" | "push";
}

/** Two sources never meet: a source comes first, and holds no line feed. */
const digestOf = ({ source, id }: Pick<EventMessage, "source" | "id">) =>
  createHash("sha256").update(`${source}\n${id}`);

/** Of anything that came as JSON; and of what did not, nothing. */
const jsonOf = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value));

/** Names what has no name of its own, by what it is. */
export const contentId = (content: unknown): string =>
  createHash("sha256").update(jsonOf(content)).digest("hex").slice(0, 32);

/** So much of an unreadable message is kept, for who looks for its sender. */
const HEAD_MAX = 1000;

/** A message that lacks what its kind has. Its content names it. */
export const unreadable = (source: string, problem: string, record: unknown): EventMessage => ({
  source,
  id: contentId(record),
  content: { kind: "unreadable", problem, head: jsonOf(record).slice(0, HEAD_MAX) },
});

/**
 * Names its dead letter: short enough to be typed. What a queue was told of an object has one of its
 * own, since somebody else may have told it.
 */
export function deadLetterIdOf(message: EventMessage): string {
  const { content } = message;
  const queue = content.kind === "object" ? content.object.queue : undefined;
  const digest = digestOf(message).update(queue === undefined ? "" : `\n${queue}`);
  return digest.digest("hex").slice(0, 20);
}

/**
 * The ClientToken of a message that brings none. `attempt` counts replays that were asked for: a
 * start that TRTC refused for good keeps its token, and with it that answer.
 */
export const tokenOf = (message: EventMessage, attempt = 0): string =>
  `event-${digestOf(message)
    .update(attempt === 0 ? "" : `\n${attempt}`)
    .digest("base64url")}`;
