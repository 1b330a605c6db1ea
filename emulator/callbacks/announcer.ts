/**
 * The events that TRTC sends an application about an ingest. They are events of the ingest itself,
 * and of the room that its robot enters and leaves. An application without a callback URL gets none.
 */
import type { Clock } from "../../shared/clock.js";
import type { Application } from "../accounts.js";
import { type Room, roomKey } from "../tasks/rooms.js";
import type { SwitchBoard } from "../admin/switches.js";
import type { EndReason, Task, TaskEnd } from "../tasks/task.js";
import {
  type Event,
  INGEST_STARTED,
  INGEST_STOPPED,
  type IngestStatus,
  ROOM_CREATED,
  ROOM_DISMISSED,
  ROOM_ENTERED,
  ROOM_LEFT,
  SOURCE_TRIED_AGAIN,
} from "./bodies.js";
import type { Deliver } from "./delivery.js";

interface Needs {
  clock: Clock;
  applications: ReadonlyMap<number, Application>;
  switches: SwitchBoard;
  deliver: Deliver;
}

export interface Announcer {
  /** Whether the application of this task has a callback URL. */
  hasCallback(task: Task): boolean;
  started(task: Task): void;
  /** Reports the result of opening the source, or another try. */
  source(task: Task, status: IngestStatus): void;
  /** An update has changed its source. */
  sourceChanged(task: Task, at: Date): void;
  ended(task: Task, end: TaskEnd): void;
  /** The robots were removed from the room and come back at once. */
  cameBack(tasks: readonly Task[], why: "robot-removed" | "room-dismissed"): void;
}

/** Ends that no caller requested. TRTC does not document whether 702 follows them. */
const NATURAL: ReadonlySet<EndReason> = new Set<EndReason>([
  "finished",
  "max-duration",
  "paused-too-long",
  "idle",
  "source-failed",
]);

export function makeAnnouncer({ clock, applications, switches, deliver }: Needs): Announcer {
  /** The TaskIds of the robots in each room. */
  const rooms = new Map<string, Set<string>>();

  function announce(task: Task, ...events: Event[]): void {
    const application = applications.get(task.sdkAppId);
    if (!application) return;
    for (const event of events) deliver(application, event, roomKey(task));
  }

  function enter(task: Task, at: Date): void {
    const key = roomKey(task);
    const inRoom = rooms.get(key) ?? new Set<string>();
    const place = { room: roomOf(task), userId: task.userId, at };
    if (inRoom.size === 0) announce(task, { type: ROOM_CREATED, ...place });
    rooms.set(key, inRoom.add(task.taskId));
    announce(task, { type: ROOM_ENTERED, ...place, reason: 1 });
  }

  function leave(task: Task, why: EndReason, at: Date): void {
    const key = roomKey(task);
    const inRoom = rooms.get(key);
    if (!inRoom?.delete(task.taskId)) return;
    const room = roomOf(task);
    announce(task, { type: ROOM_LEFT, room, userId: task.userId, reason: leaveReason(why), at });
    if (inRoom.size > 0) return;
    rooms.delete(key);
    announce(task, { type: ROOM_DISMISSED, room, at });
  }

  /** The task continues: a related API sends its exit callback on retries and migrations too. */
  function announceEndOfLive(task: Task): void {
    if (!switches.read().retrySends702) return;
    announce(task, { type: INGEST_STOPPED, taskId: task.taskId, status: 0, at: clock.now() });
  }

  const hasCallback = ({ sdkAppId }: Task): boolean =>
    applications.get(sdkAppId)?.callbackUrl !== undefined;

  return {
    hasCallback,
    started: (task) => enter(task, task.startedAt),
    source(task, status) {
      if (status === SOURCE_TRIED_AGAIN) announceEndOfLive(task);
      announce(task, { type: INGEST_STARTED, taskId: task.taskId, status, at: clock.now() });
    },
    sourceChanged(task, at) {
      if (!switches.read().updateMovesRobot) return;
      // It is away for a moment only, so the room stays.
      const robot = { room: roomOf(task), userId: task.userId, reason: 1, at } as const;
      announce(task, { type: ROOM_LEFT, ...robot }, { type: ROOM_ENTERED, ...robot });
    },
    ended(task, { at, reason }) {
      if (!NATURAL.has(reason) || switches.read().naturalEndSends702) {
        announce(task, { type: INGEST_STOPPED, taskId: task.taskId, status: 0, at });
      }
      leave(task, reason, at);
    },
    cameBack(tasks, why) {
      const now = clock.now();
      const announced = tasks.filter(hasCallback);
      for (const task of announced) {
        announceEndOfLive(task);
        leave(task, why, now);
      }
      for (const task of announced) enter(task, now);
    },
  };
}

const roomOf = ({ sdkAppId, roomId, roomIdType }: Task): Room => ({ sdkAppId, roomId, roomIdType });

/** A robot is removed when another robot uses its name, as TRTC documents for users. */
function leaveReason(why: EndReason): 1 | 3 | 5 {
  if (why === "room-dismissed") return 5;
  return why === "robot-removed" || why === "interrupted" ? 3 : 1;
}
