/** Every event that TRTC sends, and its trigger in the emulator. */
import type { EventType } from "../callbacks/bodies.js";

export const EVENT_CAUSES: Readonly<Record<EventType, string>> = {
  101: "The first robot enters a room.",
  102: "A room is dismissed, or its last robot leaves.",
  103: "A robot enters: its start was accepted, or it comes back after a removal. With `updateMovesRobot` also after an update.",
  104: "A robot leaves: its task ends (Reason 1), it is removed (3), or the room is dismissed (5). With `updateMovesRobot` also at an update (1).",
  701: "Status 0: the first source is open, or with `updateSends701` each one. 1: it could not be opened. 2: it is tried again.",
  702: "Status 0: the task ends. After an end without a request it comes only with the switch `naturalEndSends702`. For a task that continues it comes with `retrySends702`.",
};

/** Events of the same webhooks that the emulator does not send. */
export const EVENTS_NOT_SENT =
  "Of group 2 (media: 201 to 206) and of the other room events (105 and above) none is sent.";
