/**
 * The bodies of TRTC's callbacks, as its pages show them: JSON indented with tabs. One field has
 * two names: `CallbackMsTs` for ingest, `CallbackTs` for rooms. Sources: "Push Online Media Stream
 * Webhooks" (trtc.io/document/62717), "Room and media webhooks" (trtc.io/document/39558).
 */
import { unixSeconds } from "../../shared/clock.js";
import { NUMERIC_ROOM } from "../../shared/contract/fields.js";
import type { Room } from "../tasks/rooms.js";

export const INGEST_STARTED = 701;
export const INGEST_STOPPED = 702;
export const ROOM_CREATED = 101;
export const ROOM_DISMISSED = 102;
export const ROOM_ENTERED = 103;
export const ROOM_LEFT = 104;

export const EVENT_TYPES = [
  ROOM_CREATED,
  ROOM_DISMISSED,
  ROOM_ENTERED,
  ROOM_LEFT,
  INGEST_STARTED,
  INGEST_STOPPED,
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export const SOURCE_TRIED_AGAIN = 2;

/** For 701: 0 started, 1 could not be opened, 2 trying again. For 702 only 0. */
export type IngestStatus = 0 | 1 | 2;

export interface IngestEvent {
  type: typeof INGEST_STARTED | typeof INGEST_STOPPED;
  taskId: string;
  status: IngestStatus;
  at: Date;
}

export interface RoomEvent {
  type: Exclude<EventType, IngestEvent["type"]>;
  room: Room;
  /** The user who entered, left or created the room. The event of a dismissed room has none. */
  userId?: string;
  /** For 103: 1 normal. For 104: 1 normal, 3 removed, 5 the room was dismissed. */
  reason?: 1 | 3 | 5;
  at: Date;
}

export type Event = IngestEvent | RoomEvent;

export interface Body {
  EventGroupId: number;
  EventType: EventType;
  CallbackMsTs?: number;
  CallbackTs?: number;
  EventInfo: Readonly<Record<string, string | number>>;
}

const ROOM_GROUP = 1;

/** The robot is an anchor. TRTC does not document its terminal type or its user type. */
const ANCHOR = 20;
const LINUX = 4;
const NATIVE_SDK = 3;

/** `callbackAt`: when the callback leaves. `event.at`: when the event happened. */
export function bodyOf(
  event: Event,
  { callbackAt, ingestGroup }: { callbackAt: Date; ingestGroup: number },
): Body {
  const EventMsTs = event.at.getTime();
  if ("taskId" in event) {
    return {
      EventGroupId: ingestGroup,
      EventType: event.type,
      CallbackMsTs: callbackAt.getTime(),
      EventInfo: { EventMsTs, TaskId: event.taskId, Status: event.status },
    };
  }
  const { room, userId, reason } = event;
  const isMove = event.type === ROOM_ENTERED || event.type === ROOM_LEFT;
  return {
    EventGroupId: ROOM_GROUP,
    EventType: event.type,
    CallbackTs: callbackAt.getTime(),
    EventInfo: {
      RoomId: room.roomIdType === NUMERIC_ROOM ? Number(room.roomId) : room.roomId,
      EventTs: unixSeconds(event.at),
      EventMsTs,
      ...(userId !== undefined && { UserId: userId }),
      ...(isMove && { Role: ANCHOR }),
      ...(event.type === ROOM_ENTERED && { TerminalType: LINUX, UserType: NATIVE_SDK }),
      ...(reason !== undefined && { Reason: reason }),
    },
  };
}

/** Formats JSON as TRTC does: a tab for each level, and a tab after each colon. */
export function bytesOf(body: object): Buffer {
  return Buffer.from(tabbed(body, 1));
}

function tabbed(value: unknown, level: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const indent = "\t".repeat(level);
  const lines = Object.entries(value).map(
    ([name, inner]) => `${indent}${JSON.stringify(name)}:\t${tabbed(inner, level + 1)}`,
  );
  return `{\n${lines.join(",\n")}\n${"\t".repeat(level - 1)}}`;
}
