/** What TRTC tells about rooms and tasks, and what a use case answers. */
import type { Services } from "../ingest/services.js";
import type { RemovalCause } from "../store/ingests/ingest-row.js";
import type { ReportedMediaState } from "../store/ingests/media.js";
import type { RobotKey, RoomKey, TaskKey } from "../store/room-events/events.js";

interface Told {
  /** When it happened, by TRTC's clock. */
  eventAt: Date;
}

export type SourceEvent = Told & TaskKey & { kind: "source"; media: ReportedMediaState };
export type TaskEndEvent = Told & TaskKey & { kind: "task-ended" };
export type UserEvent = Told &
  RobotKey &
  Pick<RoomKey, "roomIdType"> & {
    kind: "entered" | "left";
    /** Who put the user out, of those who left. */
    cause?: RemovalCause | undefined;
  };
export type DismissalEvent = Told & RoomKey & { kind: "dismissed" };

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
