/** 103, 104 and 102 once more: who is in the room, for the ingests that end when nobody is. */
import type { DismissalEvent, UserEvent } from "./types.js";
import { roomTypeOf } from "./dismissal.js";
import type { Services } from "../ingest/services.js";

/** The names that we give to robots: none of them is a viewer, in any room. */
const isOwnRobot = (userId: string): boolean => /^robot_[0-9a-z]{26}$/.test(userId);

/**
 * The last viewer's leaving sets the time of the ingest's end, and a return takes it away. A room
 * that is dismissed has nobody in it; where the event does not say which of two rooms that is,
 * neither is taken to be empty.
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
  if (await store.recordViewerEvent(seen)) await store.updateEmptyAt({ sdkAppId, roomId });
}
