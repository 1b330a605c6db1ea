/** Event 102: a room was dismissed, or it closed when its last user left. */
import { addMs, SECOND_MS } from "../clock.js";
import { checkNow } from "./robot.js";
import { stopForEvent } from "./stop.js";
import type { DismissalEvent, EventResult } from "./types.js";
import type { RoomKey } from "../store/room-events/events.js";
import { STRING_ROOM } from "../contract/fields.js";
import type { Services } from "../ingest/services.js";

/**
 * A new robot may start just after the room closes, and TRTC's clock differs from ours. So an
 * ingest this young may be in a newer room of the same name.
 */
const SURELY_BEFORE_MS = 10 * SECOND_MS;

/**
 * A numeric RoomId means a numeric room. TRTC's own example sends the numeric room 12345 as the
 * text "12345". A string room may have the same name, so the type of such a text is unknown.
 */
export const roomTypeOf = ({ roomId, roomIdType }: RoomKey): RoomKey["roomIdType"] | undefined =>
  roomIdType === STRING_ROOM && /^\d+$/.test(roomId) ? undefined : roomIdType;

/**
 * Stops every ingest in the room, also at TRTC. Otherwise a robot may return and play in a new,
 * empty room. We check two kinds with TRTC first: young ingests, and those of an unknown room type.
 */
export async function roomIsDismissed(
  services: Services,
  { eventAt, ...room }: DismissalEvent,
  timeLeftMs: () => number,
): Promise<EventResult> {
  const { store } = services;
  const surelyBefore = addMs(eventAt, -SURELY_BEFORE_MS).getTime();
  const roomIdType = roomTypeOf(room);
  const all = await store.roomEvents.runningInRoom({ ...room, roomIdType, startedBefore: eventAt });
  const followUps: NonNullable<EventResult["followUp"]>[] = [];
  for (const ingest of all) {
    const isYoung = (ingest.startedAt?.getTime() ?? 0) > surelyBefore;
    if (isYoung || roomIdType === undefined) {
      await store.roomEvents.checkSoon(ingest.taskId);
      followUps.push((left) => checkNow(services, ingest, left));
      continue;
    }
    const stop = await stopForEvent(services, ingest, { cause: "room-dismissed", timeLeftMs });
    if (stop) followUps.push(stop);
  }
  if (roomIdType !== undefined)
    await store.roomEvents.explainDismissal({ ...room, roomIdType, eventAt });
  const [only, ...others] = all;
  return {
    ingest: others.length === 0 ? only?.taskId : undefined,
    followUp: (left) => Promise.all(followUps.map((followUp) => followUp(left))),
  };
}
