/**
 * Handles TRTC's events of an application: its tasks, and the users of its rooms. Events arrive
 * late, twice and out of order. TRTC repeats an event without an answer. So each use case is
 * idempotent and writes to the database before it answers. Calls to TRTC are follow-ups: a timer's
 * run completes one that is cut short.
 */
import { countViewers } from "./audience.js";
import { roomIsDismissed } from "./dismissal.js";
import { robotHasEntered, robotHasLeft } from "./robot.js";
import { sourceHasMoved, taskHasEnded } from "./task.js";
import type { HandleRoomEvent } from "./types.js";

export const handleRoomEvent: HandleRoomEvent = async (services, event, timeLeftMs) => {
  switch (event.kind) {
    case "source":
      return sourceHasMoved(services, event, timeLeftMs);
    case "task-ended":
      return taskHasEnded(services, event);
    case "entered":
      await countViewers(services, event);
      return robotHasEntered(services, event);
    case "left":
      await countViewers(services, event);
      return robotHasLeft(services, event);
    case "dismissed":
      await countViewers(services, event);
      return roomIsDismissed(services, event, timeLeftMs);
  }
};
