/** A message as its producer, its provider and our function know it. */
import { buildEvent, type EventKind } from "../../../ops/event/build-event.js";
import type { EventBatch, EventMessage } from "../../../shared/cloud-events/message.js";
import { readEvent } from "../../../shared/cloud-events/envelopes/read-event.js";
import { bucketOf, isObjectKind } from "./sources.js";

/** The purpose of a message. It must be fulfilled when the provider drops the message. */
export type Meant =
  | { verb: "StartStreamIngest"; intent: string }
  | { verb: "StopStreamIngest"; taskId: string }
  | {
      verb: "UpdateStreamIngest";
      taskId: string;
      volume: number | undefined;
      stopAtMs: number | undefined;
    }
  /** Only a dead letter can result. */
  | { verb: "nonsense" }
  | { verb: "nothing" };

export interface Message {
  kind: EventKind;
  /** The event, as the provider delivers it. */
  event: unknown;
  /** The message, as our function reads it: the same at each delivery. */
  read: EventMessage;
  delivery: EventBatch["delivery"];
  meant: Meant;
}

interface Told {
  kind: EventKind;
  id: string;
  at: Date;
  /** The URL of a stored object, or the request. */
  content: string | object;
  meant: Meant;
}

export function makeMessage({ kind, id, at, content, meant }: Told): Message {
  const body = typeof content === "string" ? content : JSON.stringify(content);
  const { hostname, pathname } = isObjectKind(kind) ? new URL(body) : {};
  const event = buildEvent({
    kind,
    id,
    at,
    source: undefined,
    region: undefined,
    bodies: isObjectKind(kind) ? [] : [body],
    bucket: isObjectKind(kind) ? bucketOf(kind, hostname?.split(".")[0] ?? "") : undefined,
    key: pathname?.slice(1),
  });
  const { messages, delivery } = readEvent(event);
  const [read] = messages;
  if (!read) throw new Error(`the ${kind} event has no message`);
  return { kind, event, read, delivery, meant };
}

/** Is the row's token derived from a message? Such a message brought no token. */
export const isOfMessage = (clientToken: string | null): boolean =>
  clientToken?.startsWith("token event-") === true;

/** One event with several messages of a source. Only lists can hold several. */
export function together([first, ...rest]: readonly Message[]): unknown {
  if (!first || rest.length === 0) return first?.event;
  const recordsOf = ({ event }: Message) => (event as { Records: unknown[] }).Records;
  return { Records: [first, ...rest].flatMap(recordsOf) };
}
