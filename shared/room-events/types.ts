/** TRTC's events about rooms and tasks, and the result of a use case. */
import type { Services } from "../ingest/services.js";
import type { RemovalCause } from "../store/ingests/ingest-row.js";
import type { ReportedMediaState } from "../store/ingests/media.js";
import type { RobotKey, RoomKey, TaskKey } from "../store/room-events/events.js";

interface EventTime {
  /** The time of the event, by TRTC's clock. */
  eventAt: Date;
}

export type SourceEvent = EventTime & TaskKey & { kind: "source"; media: ReportedMediaState };
export type TaskEndEvent = EventTime & TaskKey & { kind: "task-ended" };
export type UserEvent = EventTime &
  RobotKey &
  Pick<RoomKey, "roomIdType"> & {
    kind: "entered" | "left";
    /** For `left`: why the user was removed. Absent when it left by itself. */
    cause?: RemovalCause | undefined;
  };
export type DismissalEvent = EventTime & RoomKey & { kind: "dismissed" };

export type RoomEvent = SourceEvent | TaskEndEvent | UserEvent | DismissalEvent;

export interface EventResult {
  /** Our TaskId, when the event concerns exactly one ingest. */
  ingest?: string | undefined;
  /** Calls TRTC as a result of the event. Throws errors of the database. */
  followUp?: ((timeLeftMs: () => number) => Promise<unknown>) | undefined;
}

export type HandleRoomEvent = (
  services: Services,
  event: RoomEvent,
  timeLeftMs: () => number,
) => Promise<EventResult>;
