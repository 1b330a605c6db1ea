/** shared/store/room-events/unclaimed.ts, statement by statement. */
import type { TaskKey, TaskEvent } from "../../../../shared/store/room-events/events.js";
import { failuresAmong, type Media, mediaAfter } from "./media.js";
import { hasTask, seenNow } from "./room-events.js";
import { change, isAtMost, later, type Tables } from "../tables.js";

export interface UnclaimedTask extends TaskKey, Media {
  firstSeenAt: Date;
  lastSeenAt: Date;
  endedAt: Date | null;
  stopAskedAt: Date | null;
}

const keyOf = ({ sdkAppId, trtcTaskId }: TaskKey): string => `${sdkAppId} ${trtcTaskId}`;

const UNTOLD: Media = { mediaState: null, mediaAt: null, mediaFailures: [], failuresAfter: null };

export function keepUnclaimed({ unclaimed }: Tables, event: TaskEvent): void {
  const { sdkAppId, trtcTaskId, media, eventAt, at } = event;
  const known = unclaimed.get(keyOf(event));
  unclaimed.set(keyOf(event), {
    sdkAppId,
    trtcTaskId,
    ...mediaAfter(known ?? UNTOLD, media, eventAt),
    firstSeenAt: known?.firstSeenAt ?? at,
    lastSeenAt: later(known?.lastSeenAt ?? null, at),
    endedAt: known?.endedAt ?? (media === undefined ? eventAt : null),
    stopAskedAt: known?.stopAskedAt ?? null,
  });
}

export function dropUnclaimed({ unclaimed }: Tables, named: TaskKey): void {
  unclaimed.delete(keyOf(named));
}

/** Takes the events of a task for its ingest, and deletes them here. */
export function claimUnclaimed({ unclaimed }: Tables, named: TaskKey): UnclaimedTask | undefined {
  const task = unclaimed.get(keyOf(named));
  unclaimed.delete(keyOf(named));
  return task;
}

export function adoptUnclaimed(tables: Tables): void {
  for (const row of [...tables.ingests.values()]) {
    const { sdkAppId, trtcTaskId, taskId } = row;
    const task = trtcTaskId !== null && claimUnclaimed(tables, { sdkAppId, trtcTaskId });
    if (!task) continue;
    change(tables, taskId, {
      where: ({ state }) => state !== "ended",
      set: (known) => {
        const failures = [...known.mediaFailures, ...task.mediaFailures];
        const failuresAfter = task.failuresAfter
          ? later(known.failuresAfter, task.failuresAfter)
          : known.failuresAfter;
        return {
          ...newerOf(known, task),
          failuresAfter,
          mediaFailures: failuresAmong(failures, failuresAfter),
          lastSeenAt: task.endedAt === null ? seenNow(known, task.lastSeenAt) : null,
        };
      },
    });
  }
}

function newerOf(known: Media, { mediaState, mediaAt }: Media): Partial<Media> {
  if (mediaState === null || mediaState === "connecting" || mediaAt === null) return {};
  const { mediaState: state, mediaAt: at } = mediaAfter(known, mediaState, mediaAt);
  return { mediaState: state, mediaAt: at };
}

const isLong = ({ endedAt, firstSeenAt }: UnclaimedTask, seenBefore: Date): boolean =>
  endedAt === null && firstSeenAt <= seenBefore;

export const countUnclaimed = ({ unclaimed }: Tables, seenBefore: Date): number =>
  [...unclaimed.values()].filter((task) => isLong(task, seenBefore)).length;

const seenMs = ({ firstSeenAt }: UnclaimedTask): number => firstSeenAt.getTime();

/** Later than any other time, like `infinity`. */
const NEVER_AGAIN = new Date(8.64e15);

/** Nulls first. */
const askedMs = ({ stopAskedAt }: UnclaimedTask): number => stopAskedAt?.getTime() ?? 0;

export function takeUnclaimed(
  { unclaimed, ingests }: Tables,
  limits: { at: Date; seenBefore: Date; askedBefore: Date; limit: number },
): TaskKey[] {
  const isOwned = (task: TaskKey) => [...ingests.values()].some((row) => hasTask(row, task));
  const taken = [...unclaimed.values()]
    .filter((task) => isAtMost(task.firstSeenAt, limits.seenBefore) && !isOwned(task))
    .filter(({ stopAskedAt }) => stopAskedAt === null || isAtMost(stopAskedAt, limits.askedBefore))
    .toSorted((a, b) => askedMs(a) - askedMs(b) || seenMs(a) - seenMs(b))
    .slice(0, limits.limit)
    .toSorted((a, b) => seenMs(a) - seenMs(b));
  for (const task of taken)
    unclaimed.set(keyOf(task), { ...task, stopAskedAt: limits.at, endedAt: null });
  return taken.map(({ sdkAppId, trtcTaskId }) => ({ sdkAppId, trtcTaskId }));
}

export function endUnclaimed({ unclaimed }: Tables, ended: TaskKey & { at: Date }): void {
  const task = unclaimed.get(keyOf(ended));
  if (!task) return;
  const stopAskedAt = NEVER_AGAIN;
  unclaimed.set(keyOf(ended), { ...task, endedAt: task.endedAt ?? ended.at, stopAskedAt });
}

export function forgetUnclaimed(
  { unclaimed }: Tables,
  { endedBefore, seenBefore }: Record<"endedBefore" | "seenBefore", Date>,
): void {
  for (const [key, { endedAt, lastSeenAt }] of unclaimed) {
    if ((endedAt !== null && endedAt < endedBefore) || lastSeenAt < seenBefore) {
      unclaimed.delete(key);
    }
  }
}
