/** TRTC's callbacks: how sources do, tasks that end, robots that come and go, rooms that close. */
import { takeRoomEvent } from "../shared/room-events/handle.js";
import { callbackFunction } from "../shared/runtime/callback.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime bring their own services. */
export const makeHandler = callbackFunction("room-callback", takeRoomEvent);

/** What the cloud calls: services open once per instance, on the first event. */
export const handler = makeHandler(openServices("room-callback"));
