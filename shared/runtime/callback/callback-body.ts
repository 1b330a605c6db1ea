/**
 * Reads the event from the body of a callback. The reader is lenient. TRTC adds fields at any time,
 * and its own pages write the same field in different ways. Sources: trtc.io/document/39558 (rooms)
 * and 62717 (ingests).
 */
import { DAY_MS, SECOND_MS } from "../../clock.js";
import { isObject, type Json, parseObject } from "../../json.js";
import type { RoomEvent } from "../../room-events/types.js";
import type { RemovalCause } from "../../store/ingests/ingest-row.js";
import { NUMERIC_ROOM, STRING_ROOM } from "../../contract/fields.js";

export interface CallbackBody {
  /** TRTC's EventType, such as 701. */
  type: number;
  /** When TRTC sent this copy, by its clock. An old time means a replay. */
  sentAt: Date;
  /** `undefined` when the event does not concern us. */
  event: RoomEvent | undefined;
}

const [CREATED_STATUS, FAILED_STATUS, AGAIN_STATUS] = [0, 1, 2];
/** Reasons in event 104 for a user that did not leave by itself. */
const PUT_OUT = new Map<number | undefined, RemovalCause>([
  [3, "robot-removed"],
  [5, "room-dismissed"],
]);

/** Returns `undefined` when the body is not TRTC's. Never throws. */
export function readCallbackBody(sdkAppId: number, body: Buffer): CallbackBody | undefined {
  const json = parseObject(body);
  const type = numberOf(json?.["EventType"]);
  const sentMs = numberOf(json?.["CallbackMsTs"]) ?? numberOf(json?.["CallbackTs"]);
  if (type === undefined || sentMs === undefined || !isInstant(sentMs)) return undefined;
  const sentAt = new Date(sentMs);
  const eventInfo = json?.["EventInfo"];
  const info = isObject(eventInfo) ? eventInfo : undefined;
  const eventMs = info && eventTime(info);
  // Events are ordered by their time. An impossible time would block all later events.
  const isLikely = eventMs !== undefined && Math.abs(eventMs - sentMs) < DAY_MS;
  if (!info || !isLikely) return { type, sentAt, event: undefined };
  return { type, sentAt, event: eventOf(type, info, { sdkAppId, eventAt: new Date(eventMs) }) };
}

interface Common {
  sdkAppId: number;
  eventAt: Date;
}

function eventOf(type: number, info: Json, common: Common): RoomEvent | undefined {
  switch (type) {
    case 701:
      return sourceOf(info, common);
    case 702: {
      const trtcTaskId = taskIdOf(info);
      return trtcTaskId === undefined ? undefined : { kind: "task-ended", trtcTaskId, ...common };
    }
    case 102: {
      const room = roomOf(info);
      return room && { kind: "dismissed", ...room, ...common };
    }
    case 103:
    case 104: {
      const room = roomOf(info);
      const userId = info["UserId"];
      if (!room || typeof userId !== "string" || !isShort(userId)) return undefined;
      if (type === 103) return { kind: "entered", userId, ...room, ...common };
      const cause = PUT_OUT.get(numberOf(info["Reason"]));
      return { kind: "left", userId, ...(cause && { cause }), ...room, ...common };
    }
    default:
      return undefined;
  }
}

const MEDIA = new Map<number | undefined, "playing" | "failed" | "retrying">([
  [CREATED_STATUS, "playing"],
  [FAILED_STATUS, "failed"],
  [AGAIN_STATUS, "retrying"],
]);

function sourceOf(info: Json, common: Common): RoomEvent | undefined {
  const trtcTaskId = taskIdOf(info);
  const media = MEDIA.get(numberOf(info["Status"]));
  if (trtcTaskId === undefined || media === undefined) return undefined;
  return { kind: "source", trtcTaskId, media, ...common };
}

/** Milliseconds. The field may be in seconds, and may be a number or a text. */
function eventTime(info: Json): number | undefined {
  const ms = numberOf(info["EventMsTs"]) ?? numberOf(info["EventTsMs"]);
  const seconds = numberOf(info["EventTs"]);
  return ms ?? (seconds === undefined ? undefined : seconds * SECOND_MS);
}

function taskIdOf({ TaskId }: Json): string | undefined {
  return typeof TaskId === "string" && isShort(TaskId) ? TaskId : undefined;
}

/** TRTC sends a numeric room as a number and a string room as a text. */
function roomOf({ RoomId }: Json) {
  if (typeof RoomId === "number" && Number.isSafeInteger(RoomId)) {
    return { roomId: String(RoomId), roomIdType: NUMERIC_ROOM } as const;
  }
  if (typeof RoomId !== "string" || !isShort(RoomId)) return undefined;
  return { roomId: RoomId, roomIdType: STRING_ROOM } as const;
}

/** The database accepts such a text. TRTC's identifiers are never longer. */
const isShort = (text: string): boolean => /^[^\0]{1,256}$/su.test(text);

/** The years from 1970 to 9999: the range of both a date and the database. */
const isInstant = (ms: number): boolean => ms >= 0 && ms < Date.UTC(10_000, 0);

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? Math.trunc(value) : undefined;
  return typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : undefined;
}
