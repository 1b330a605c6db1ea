/**
 * From the body of a callback to what it tells. Read leniently: TRTC adds fields at any time, and
 * its own pages write the same field in different ways.
 * Sources: trtc.io/document/39558 (rooms) and 62717 (ingests).
 */
import { MINUTE_MS, SECOND_MS } from "../clock.js";
import { isObject, type Json, parseObject } from "../json.js";
import type { RoomEvent } from "../room-events/types.js";
import type { RemovalCause } from "../store/ingests/ingest-row.js";
import { NUMERIC_ROOM, STRING_ROOM } from "../contract/fields.js";

export interface CallbackBody {
  /** TRTC's EventType, as 701. */
  type: number;
  /** When this copy was sent, by TRTC's clock: what tells a replay from news. */
  sentAt: Date;
  /** `undefined`: nothing that concerns us. */
  event: RoomEvent | undefined;
}

const [CREATED_STATUS, FAILED_STATUS, AGAIN_STATUS] = [0, 1, 2];
/** Reasons of a 104: others than the user have ended the stay. */
const PUT_OUT = new Map<number | undefined, RemovalCause>([
  [3, "robot-removed"],
  [5, "room-dismissed"],
]);
const DAY_MS = 24 * 60 * MINUTE_MS;

/** `undefined` when it is none of TRTC's; never throws. */
export function readCallbackBody(sdkAppId: number, body: Buffer): CallbackBody | undefined {
  const json = parseObject(body);
  const type = numberOf(json?.["EventType"]);
  const sentMs = numberOf(json?.["CallbackMsTs"]) ?? numberOf(json?.["CallbackTs"]);
  if (type === undefined || sentMs === undefined || !isInstant(sentMs)) return undefined;
  const sentAt = new Date(sentMs);
  const eventInfo = json?.["EventInfo"];
  const info = isObject(eventInfo) ? eventInfo : undefined;
  const eventMs = info && eventTime(info);
  // Order is by the event's time: one that is beyond belief would stand before all that follow.
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

/** In milliseconds, or in seconds where there is nothing finer; a number, or a text. */
function eventTime(info: Json): number | undefined {
  const ms = numberOf(info["EventMsTs"]) ?? numberOf(info["EventTsMs"]);
  const seconds = numberOf(info["EventTs"]);
  return ms ?? (seconds === undefined ? undefined : seconds * SECOND_MS);
}

function taskIdOf({ TaskId }: Json): string | undefined {
  return typeof TaskId === "string" && isShort(TaskId) ? TaskId : undefined;
}

/** A numeric room is told by a number, a string room by a text. */
function roomOf({ RoomId }: Json) {
  if (typeof RoomId === "number" && Number.isSafeInteger(RoomId)) {
    return { roomId: String(RoomId), roomIdType: NUMERIC_ROOM } as const;
  }
  if (typeof RoomId !== "string" || !isShort(RoomId)) return undefined;
  return { roomId: RoomId, roomIdType: STRING_ROOM } as const;
}

/** What the database takes as a text, and no identifier of TRTC's is longer. */
const isShort = (text: string): boolean => /^[^\0]{1,256}$/su.test(text);

/** What a date can hold, and a database: the years from 1970 to 9999. */
const isInstant = (ms: number): boolean => ms >= 0 && ms < Date.UTC(10_000, 0);

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? Math.trunc(value) : undefined;
  return typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : undefined;
}
