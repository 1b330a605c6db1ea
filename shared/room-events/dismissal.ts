/** 102: a room was dismissed, or has closed behind the last who left it. */
import { addMs, SECOND_MS } from "../clock.js";
import { checkNow } from "./robot.js";
import { stopForEvent } from "./stop.js";
import type { DismissalEvent, Taken } from "./types.js";
import type { RoomKey } from "../store/room-events/events.js";
import { STRING_ROOM } from "../contract/fields.js";
import type { Services } from "../ingest/services.js";

/**
 * A start follows closely upon a room's end where one robot takes the other's place, and TRTC's
 * clock is not ours: what began so shortly before is not known to have been in the room that ended.
 */
const SURELY_BEFORE_MS = 10 * SECOND_MS;

/**
 * A number is a numeric room's. TRTC's own example tells of a room 12345 by the text "12345", which
 * may be a string room's name as well: which of the two it is, such a text does not say.
 */
export const roomTypeOf = ({ roomId, roomIdType }: RoomKey): RoomKey["roomIdType"] | undefined =>
  roomIdType === STRING_ROOM && /^\d+$/.test(roomId) ? undefined : roomIdType;

/**
 * Every ingest in the room is stopped, at TRTC as well: a robot may come back by itself, and play
 * to nobody in a room that it has opened anew. Of those that have just begun TRTC is asked, and of
 * those that may be in another room of the same digits.
 */
export async function roomIsDismissed(
  services: Services,
  { eventAt, ...room }: DismissalEvent,
  timeLeftMs: () => number,
): Promise<Taken> {
  const { store } = services;
  const surelyBefore = addMs(eventAt, -SURELY_BEFORE_MS).getTime();
  const roomIdType = roomTypeOf(room);
  const all = await store.runningInRoom({ ...room, roomIdType, startedBefore: eventAt });
  const followUps: NonNullable<Taken["followUp"]>[] = [];
  for (const ingest of all) {
    const isYoung = (ingest.startedAt?.getTime() ?? 0) > surelyBefore;
    if (isYoung || roomIdType === undefined) {
      await store.checkSoon(ingest.taskId);
      followUps.push((left) => checkNow(services, ingest, left));
      continue;
    }
    const stop = await stopForEvent(services, ingest, { cause: "room-dismissed", timeLeftMs });
    if (stop) followUps.push(stop);
  }
  if (roomIdType !== undefined) await store.explainDismissal({ ...room, roomIdType, eventAt });
  const [only, ...others] = all;
  return {
    ingest: others.length === 0 ? only?.taskId : undefined,
    followUp: (left) => Promise.all(followUps.map((followUp) => followUp(left))),
  };
}
