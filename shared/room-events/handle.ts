/**
 * What TRTC tells of an application: of its ingests' tasks, and of who enters and leaves its rooms.
 * Events come late, twice and out of order, and are sent again when they are not answered: so each
 * use case has the same effect however often it runs, and what it wants is in the database before
 * the answer. What is then asked of TRTC is a follow-up: where it is cut short, a timer's run does it.
 */
import { countViewers } from "./audience.js";
import { roomIsDismissed } from "./dismissal.js";
import { robotHasEntered, robotHasLeft } from "./robot.js";
import { sourceHasMoved, taskHasEnded } from "./task.js";
import type { TakeRoomEvent } from "./types.js";

export const takeRoomEvent: TakeRoomEvent = async (services, event, timeLeftMs) => {
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
