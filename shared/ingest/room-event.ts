/**
 * What TRTC tells of an application: of its ingests' tasks, and of who enters and leaves its rooms.
 * Events come late, twice and out of order, and are sent again when they are not answered: so each
 * use case has the same effect however often it runs, and what it wants is in the database before
 * the answer. What is then asked of TRTC is a follow-up: where it is cut short, a timer's run does it.
 */
import type { PutOut } from "../store/ingest-row.js";
import type { ToldMedia } from "../store/media.js";
import type { RobotSeen, RoomNamed, TaskNamed } from "../store/room-events.js";
import { countViewers } from "./room-event-audience.js";
import { robotHasEntered, robotHasLeft } from "./room-event-robot.js";
import { roomIsDismissed } from "./room-event-room.js";
import { sourceHasMoved, taskHasEnded } from "./room-event-task.js";
import type { Services } from "./services.js";

interface Told {
  /** When it happened, by TRTC's clock. */
  eventAt: Date;
}

export type SourceEvent = Told & TaskNamed & { kind: "source"; media: ToldMedia };
export type TaskEndEvent = Told & TaskNamed & { kind: "task-ended" };
export type UserEvent = Told &
  RobotSeen &
  Pick<RoomNamed, "roomIdType"> & {
    kind: "entered" | "left";
    /** Who put the user out, of those who left. */
    cause?: PutOut | undefined;
  };
export type DismissalEvent = Told & RoomNamed & { kind: "dismissed" };

export type RoomEvent = SourceEvent | TaskEndEvent | UserEvent | DismissalEvent;

export interface Taken {
  /** Our TaskId, where the event is of one ingest. */
  ingest?: string | undefined;
  /** Asks TRTC what follows from the event. Throws what the database throws. */
  followUp?: ((timeLeftMs: () => number) => Promise<unknown>) | undefined;
}

export type TakeRoomEvent = (
  services: Services,
  event: RoomEvent,
  timeLeftMs: () => number,
) => Promise<Taken>;

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
