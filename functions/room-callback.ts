/** Receives TRTC's callbacks: source states, ends of tasks, users in rooms, closed rooms. */
import { handleRoomEvent } from "../shared/room-events/handle.js";
import { callbackFunction } from "../shared/runtime/callback/callback.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = callbackFunction("room-callback", handleRoomEvent);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("room-callback"));
