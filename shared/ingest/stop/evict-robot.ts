/** Takes an ingest's robot out of its room. No other call ends a task whose TaskId is unknown. */
import { TrtcError } from "../../trtc/trtc-error.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { NUMERIC_ROOM } from "../../contract/fields.js";
import { SITE_FACTS } from "../../contract/sites.js";
import type { Services } from "../services.js";
import { callInNextSlot } from "../trtc-call.js";

/**
 * TRTC answers with this code when the room is empty. TRTC ignores names that are not in the room.
 */
const NO_SUCH_ROOM = "FailedOperation.RoomNotExist";

/** Throws TrtcError when the robot may still be there. */
export async function removeRobot(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<void> {
  const { sdkAppId: SdkAppId, roomId, roomIdType, account, site } = ingest;
  const target = { account, site, region: SITE_FACTS[site].roomRegion };
  const named = { SdkAppId, UserIds: [ingest.robotUserId] };
  try {
    if (roomIdType === NUMERIC_ROOM) {
      const request = { ...named, RoomId: Number(roomId) };
      await callInNextSlot(services, "RemoveUser", { ingest: target, request, timeLeftMs });
    } else {
      const request = { ...named, RoomId: roomId };
      const removal = { ingest: target, request, timeLeftMs };
      await callInNextSlot(services, "RemoveUserByStrRoomId", removal);
    }
  } catch (error) {
    if (!(error instanceof TrtcError && error.code === NO_SUCH_ROOM)) throw error;
  }
}
