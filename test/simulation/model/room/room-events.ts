/** shared/store/room-events/events.ts, statement by statement. */
import { addMs, MINUTE_MS, SECOND_MS } from "../../../../shared/clock.js";
import type { Ingest, RemovalCause } from "../../../../shared/store/ingests/ingest-row.js";
import type { RobotLeft } from "../../../../shared/store/room-events/robots.js";
import type {
  RobotKey,
  RoomKey,
  TaskKey,
  TaskEvent,
} from "../../../../shared/store/room-events/events.js";
import { FAILED_FOR_GOOD } from "../../../../shared/store/ingests/media.js";
import { failedTimes, mediaAfter } from "./media.js";
import { change, isAtMost, later, type StoredIngest, type Tables } from "../tables.js";

export const hasTask = ({ sdkAppId, trtcTaskId }: Ingest, named: TaskKey): boolean =>
  sdkAppId === named.sdkAppId && trtcTaskId === named.trtcTaskId;

/** The condition of another statement's `where`. */
const changeWhere = (
  tables: Tables,
  where: (row: StoredIngest) => boolean,
  set: (row: StoredIngest) => Partial<StoredIngest>,
): StoredIngest | undefined => {
  const row = [...tables.ingests.values()].find(where);
  return row && change(tables, row.taskId, { where, set });
};

/** Null stays null: TRTC has to be asked. */
export const seenNow = ({ lastSeenAt }: Ingest, at: Date): Date | null =>
  lastSeenAt && later(lastSeenAt, at);

export function recordTaskEvent(
  tables: Tables,
  { media, eventAt, at, ...named }: TaskEvent,
): { ingest: StoredIngest; failedTimes: number } | undefined {
  const ingest = changeWhere(
    tables,
    (row) => hasTask(row, named),
    (row) => {
      const after = mediaAfter(row, media, eventAt);
      return { ...after, stepAt: stepAfter(row, after, at), lastSeenAt: seenNow(row, at) };
    },
  );
  return ingest && { ingest, failedTimes: failedTimes(ingest) };
}

/** The next step of a programme decides what follows a failed source. */
function stepAfter(
  { programme, stepAt, successorOf }: StoredIngest,
  { mediaFailures }: Pick<StoredIngest, "mediaFailures">,
  at: Date,
): Date | null {
  if (programme === null || successorOf !== null || mediaFailures.length < FAILED_FOR_GOOD)
    return stepAt;
  return stepAt !== null && stepAt <= at ? stepAt : at;
}

export function explainEnd(tables: Tables, taskId: string): void {
  change(tables, taskId, {
    where: ({ endReason, state }) =>
      state === "ended" && (endReason === "finished" || endReason === "lost"),
    set: () => ({ endReason: "failed" }),
  });
}

const SAME_END_MS = 5 * MINUTE_MS;

export function explainDismissal(
  tables: Tables,
  { eventAt, ...room }: RoomKey & { eventAt: Date },
): void {
  for (const { taskId } of [...tables.ingests.values()]) {
    change(tables, taskId, {
      where: (row) =>
        row.state === "ended" &&
        row.endReason === "lost" &&
        row.sdkAppId === room.sdkAppId &&
        row.roomId === room.roomId &&
        row.roomIdType === room.roomIdType &&
        isAtMost(row.startedAt, addMs(eventAt, -10 * SECOND_MS)) &&
        Math.abs((row.endedAt?.getTime() ?? 0) - eventAt.getTime()) <= SAME_END_MS &&
        (row.pausedAt === null ||
          (row.endedAt !== null && addMs(row.endedAt, -719 * MINUTE_MS) < row.pausedAt)) &&
        (row.play.IdleTimeout === undefined || row.mediaState === "playing"),
      set: () => ({ endReason: "stopped", endCause: "room-dismissed" }),
    });
  }
}

export function explainRemoval(
  tables: Tables,
  { eventAt, cause, ...seen }: RobotKey & { eventAt: Date; cause: RemovalCause },
): void {
  for (const { taskId } of [...tables.ingests.values()]) {
    change(tables, taskId, {
      where: (row) =>
        isRobot(row, seen) &&
        row.state === "ended" &&
        (row.endReason === "finished" ||
          row.endReason === "lost" ||
          (row.endReason === "stopped" &&
            row.endCause === "room-dismissed" &&
            cause === "robot-removed")) &&
        row.lateStartUntil === null &&
        isAtMost(row.startedAt, eventAt) &&
        Math.abs((row.endedAt?.getTime() ?? 0) - eventAt.getTime()) <= SAME_END_MS,
      set: () => ({ endReason: "stopped", endCause: cause }),
    });
  }
}

const isRobot = ({ sdkAppId, roomId, robotUserId }: Ingest, seen: RobotKey): boolean =>
  sdkAppId === seen.sdkAppId && roomId === seen.roomId && robotUserId === seen.userId;

const earlier = (one: Date | null, other: Date): Date =>
  one !== null && one < other ? one : other;

export const robotEntered = (
  tables: Tables,
  {
    at,
    answerBy,
    askedBefore,
    ...seen
  }: RobotKey & Record<"at" | "answerBy" | "askedBefore", Date>,
): StoredIngest | undefined =>
  changeWhere(
    tables,
    (row) => isRobot(row, seen) && row.state !== "ended" && row.createdAt <= askedBefore,
    (row) => ({
      lastSeenAt: row.state === "running" ? seenNow(row, at) : row.lastSeenAt,
      endCause: isRunning(row) ? unlessBack(row) : row.endCause,
      leaseUntil:
        row.state === "starting" && row.fence === 0 && row.advanceAt === null
          ? earlier(row.leaseUntil, answerBy)
          : row.leaseUntil,
    }),
  );

export const robotLeft = (
  tables: Tables,
  { eventAt, cause, ...seen }: RobotLeft,
): StoredIngest | undefined =>
  changeWhere(
    tables,
    (row) => isRobot(row, seen) && row.state === "running",
    (row) => ({
      lastSeenAt: null,
      endCause:
        isAtMost(row.startedAt, eventAt) && row.lateStartUntil === null
          ? (row.endCause ?? cause ?? null)
          : row.endCause,
    }),
  );

const unlessBack = ({ endCause }: Ingest): Ingest["endCause"] =>
  endCause === "robot-removed" || endCause === "room-dismissed" ? null : endCause;

const isRunning = ({ state }: Ingest): boolean => state === "running";

export function checkSoon(tables: Tables, taskId: string): void {
  change(tables, taskId, { where: isRunning, set: () => ({ lastSeenAt: null }) });
}

export function markSeen(tables: Tables, { taskId, at }: { taskId: string; at: Date }): void {
  change(tables, taskId, {
    where: isRunning,
    set: (row) => ({ lastSeenAt: later(row.lastSeenAt, at), endCause: unlessBack(row) }),
  });
}

export const runningInRoom = (
  { ingests }: Tables,
  room: Omit<RoomKey, "roomIdType"> & { roomIdType: 0 | 1 | undefined; startedBefore: Date },
): StoredIngest[] =>
  [...ingests.values()]
    .filter(({ sdkAppId, roomId }) => sdkAppId === room.sdkAppId && roomId === room.roomId)
    .filter((row) => isRunning(row) && (row.startedAt ?? room.startedBefore) <= room.startedBefore)
    .filter(({ roomIdType }) => roomIdType === (room.roomIdType ?? roomIdType))
    .toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1));
