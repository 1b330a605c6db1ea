/** A message as its producer knows it, in the envelope of its provider, and as the house reads it. */
import { buildEvent, type EventKind } from "../../../ops/event/build-event.js";
import type { EventBatch, EventMessage } from "../../../shared/cloud-events/message.js";
import { readEvent } from "../../../shared/cloud-events/envelopes/read-event.js";
import { bucketOf, isObjectKind } from "./sources.js";

/** What it is there for, and so what it must have brought about once nobody keeps it any more. */
export type Meant =
  | { verb: "StartStreamIngest"; intent: string }
  | { verb: "StopStreamIngest"; taskId: string }
  | {
      verb: "UpdateStreamIngest";
      taskId: string;
      volume: number | undefined;
      stopAtMs: number | undefined;
    }
  /** Its letter is all that there can be. */
  | { verb: "nonsense" }
  | { verb: "nothing" };

export interface Message {
  kind: EventKind;
  /** As its provider delivers it. */
  event: unknown;
  /** As the house reads it: the same at each delivery. */
  read: EventMessage;
  delivery: EventBatch["delivery"];
  meant: Meant;
}

interface Told {
  kind: EventKind;
  id: string;
  at: Date;
  /** Of a stored object its URL, else what is asked for. */
  content: string | object;
  meant: Meant;
}

export function makeMessage({ kind, id, at, content, meant }: Told): Message {
  const body = typeof content === "string" ? content : JSON.stringify(content);
  const { hostname, pathname } = isObjectKind(kind) ? new URL(body) : {};
  const event = buildEvent({
    ...{ kind, id, at, source: undefined, region: undefined },
    bodies: isObjectKind(kind) ? [] : [body],
    bucket: isObjectKind(kind) ? bucketOf(kind, hostname?.split(".")[0] ?? "") : undefined,
    key: pathname?.slice(1),
  });
  const { messages, delivery } = readEvent(event);
  const [read] = messages;
  if (!read) throw new Error(`the ${kind} event has no message`);
  return { kind, event, read, delivery, meant };
}

/** Of a row: its message gave it no token, and names it by itself. */
export const isOfMessage = (clientToken: string | null): boolean =>
  clientToken?.startsWith("token event-") === true;

/** Messages of one source as it delivers them together; only lists can hold several. */
export function together([first, ...rest]: readonly Message[]): unknown {
  if (!first || rest.length === 0) return first?.event;
  const recordsOf = ({ event }: Message) => (event as { Records: unknown[] }).Records;
  return { Records: [first, ...rest].flatMap(recordsOf) };
}
