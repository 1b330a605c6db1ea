/** Takes TRTC's callbacks: states of sources, ends of tasks, users in rooms, rooms that close. */
import { takeRoomEvent } from "../shared/room-events/handle.js";
import { callbackFunction } from "../shared/runtime/callback.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime bring their own services. */
export const makeHandler = callbackFunction("room-callback", takeRoomEvent);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("room-callback"));
