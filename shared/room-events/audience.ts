/**
 * Events 102, 103 and 104: records the viewers of a room, for ingests that end when it is empty.
 */
import type { DismissalEvent, UserEvent } from "./types.js";
import { roomTypeOf } from "./dismissal.js";
import type { Services } from "../ingest/services.js";

/** Matches the UserIds of our robots. They never count as viewers. */
const isOwnRobot = (userId: string): boolean => /^robot_[0-9a-z]{26}$/.test(userId);

/**
 * When the last viewer leaves, the ingest gets an end time. A viewer that returns removes it. A
 * dismissed room has no viewers. An event that may mean either of two rooms changes neither.
 */
export async function countViewers(
  { store }: Services,
  event: UserEvent | DismissalEvent,
): Promise<void> {
  const { sdkAppId, roomId, eventAt, kind } = event;
  if (event.kind === "dismissed" && roomTypeOf(event) === undefined) return;
  const userId = event.kind === "dismissed" ? undefined : event.userId;
  if (userId !== undefined && isOwnRobot(userId)) return;
  const seen = { sdkAppId, roomId, userId, eventAt, isPresent: kind === "entered" };
  if (await store.audience.recordViewerEvent(seen))
    await store.audience.updateEmptyAt({ sdkAppId, roomId });
}
