/** shared/store/room-events/audience.ts, statement by statement. */
import { addMs, MINUTE_MS, SECOND_MS } from "../../../../shared/clock.js";
import type { Ingest } from "../../../../shared/store/ingests/ingest-row.js";
import { change, later, type StoredIngest, type Tables } from "../tables.js";

export interface Seen {
  sdkAppId: number;
  roomId: string;
  userId: string;
  isPresent: boolean;
  eventAt: Date;
}

type Room = Pick<Seen, "sdkAppId" | "roomId">;

/** The user id of the row that says when the room was last closed. */
const NOBODY = "";

const keyOf = ({ sdkAppId, roomId, userId }: Room & { userId: string }): string =>
  JSON.stringify([sdkAppId, roomId, userId]);

const isIn = (one: Room, other: Room): boolean =>
  one.sdkAppId === other.sdkAppId && one.roomId === other.roomId;

export function recordViewerEvent(
  tables: Tables,
  { userId = NOBODY, ...told }: Omit<Seen, "userId"> & { userId?: string | undefined },
): boolean {
  const key = keyOf({ ...told, userId });
  const known = tables.audience.get(key);
  const passedMs = known ? told.eventAt.getTime() - known.eventAt.getTime() : 1;
  if (passedMs > 0 || (passedMs === 0 && told.isPresent && !known?.isPresent)) {
    tables.audience.set(key, { ...told, userId });
  }
  return hasWaiting(tables, told);
}

/** An ingest in the room waits for viewers. */
const hasWaiting = ({ ingests }: Tables, room: Room): boolean =>
  [...ingests.values()].some(
    (row) => isIn(row, room) && row.state !== "ended" && row.emptySeconds !== null,
  );

/** The users of the room without its robots, and when it was last closed. */
function viewersOf({ audience, ingests }: Tables, room: Ingest) {
  const robots = [...ingests.values()].filter((row) => isIn(row, room));
  const isRobot = ({ userId, eventAt }: Seen) =>
    robots.some(
      ({ robotUserId, endedAt }) =>
        robotUserId === userId && (endedAt === null || eventAt <= addMs(endedAt, MINUTE_MS)),
    );
  const viewers = [...audience.values()].filter((seen) => isIn(seen, room) && !isRobot(seen));
  const isOfDigits = room.roomIdType === 0 && /^\d+$/.test(room.roomId);
  const closed = isOfDigits ? undefined : audience.get(keyOf({ ...room, userId: NOBODY }));
  const closedAt = closed?.eventAt;
  return { viewers, closedAt };
}

export function isWatched(tables: Tables, ingest: Ingest): boolean {
  const { viewers, closedAt } = viewersOf(tables, ingest);
  return viewers.some(
    ({ isPresent, eventAt }) => isPresent && (closedAt === undefined || eventAt >= closedAt),
  );
}

function emptyAtOf(tables: Tables, ingest: StoredIngest): Date | null {
  if (isWatched(tables, ingest)) return null;
  const { viewers, closedAt } = viewersOf(tables, ingest);
  const leftAt = viewers.filter(({ isPresent }) => !isPresent).map(({ eventAt }) => eventAt);
  const times = [...leftAt, ...(closedAt && viewers.length > 0 ? [closedAt] : [])];
  const sinceAt = times.reduce((last, at) => later(last, at), ingest.startedAt ?? new Date(0));
  return addMs(sinceAt, (ingest.emptySeconds ?? 0) * SECOND_MS);
}

export const updateEmptyAt = (tables: Tables, room: Room): StoredIngest[] =>
  [...tables.ingests.values()]
    .filter((row) => isIn(row, room) && row.state === "running" && row.emptySeconds !== null)
    .flatMap(({ taskId }) => {
      const set = (row: StoredIngest) => ({ emptyAt: emptyAtOf(tables, row) });
      return change(tables, taskId, { where: () => true, set }) ?? [];
    });

export function forgetAudience(
  tables: Tables,
  { leftBefore, seenBefore }: Record<"leftBefore" | "seenBefore", Date>,
): void {
  const all = [...tables.audience];
  const overrides = (seen: Seen) =>
    seen.userId === NOBODY &&
    all.some(([, each]) => isIn(each, seen) && each.isPresent && each.eventAt < seen.eventAt);
  for (const [key, seen] of all) {
    const hasLeft = seen.eventAt < leftBefore && !seen.isPresent && !hasWaiting(tables, seen);
    if (seen.eventAt < seenBefore || (hasLeft && !overrides(seen))) tables.audience.delete(key);
  }
}
