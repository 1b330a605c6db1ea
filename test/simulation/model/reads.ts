/** shared/store/ingests/reads.ts and updates.ts, statement by statement. */
import {
  type Ingest,
  isScheduled,
  type UpdateRun,
} from "../../../shared/store/ingests/ingest-row.js";
import type { ListFilter } from "../../../shared/store/ingests/reads.js";
import type { TurnClaim } from "../../../shared/store/ingests/update-turns.js";
import type { Updated } from "../../../shared/store/ingests/updates.js";
import { failuresAmong } from "./room/media.js";
import { change, isAtMost, later, type StoredIngest, type Tables } from "./tables.js";

const newestFirst = (a: Ingest, b: Ingest): number => (a.taskId < b.taskId ? 1 : -1);

export function findIngest(
  { ingests }: Tables,
  { callerId, taskId }: { callerId: string; taskId: string },
): StoredIngest | undefined {
  return [...ingests.values()]
    .filter((row) => row.callerId === callerId && row.successorOf === null)
    .filter((row) => row.taskId === taskId || row.trtcTaskId === taskId)
    .sort(newestFirst)[0];
}

const stateOf = (row: Ingest): NonNullable<ListFilter["state"]> =>
  isScheduled(row) ? "scheduled" : row.state;

export function listIngests({ ingests }: Tables, filter: ListFilter): StoredIngest[] {
  const { callerId, sdkAppId, roomId, roomIdType, state, before, limit } = filter;
  const { endReason, mediaState, clientToken } = filter;
  const fits = (row: Ingest) =>
    row.callerId === callerId &&
    row.successorOf === null &&
    (sdkAppId ?? row.sdkAppId) === row.sdkAppId &&
    (roomId ?? row.roomId) === row.roomId &&
    (roomIdType ?? row.roomIdType) === row.roomIdType &&
    (state ?? stateOf(row)) === stateOf(row) &&
    (endReason === undefined || (row.state === "ended" && row.endReason === endReason)) &&
    (mediaState ?? row.mediaState) === row.mediaState &&
    (clientToken ?? row.clientToken) === row.clientToken &&
    (before === undefined || row.taskId < before);
  return [...ingests.values()].filter(fits).sort(newestFirst).slice(0, limit);
}

/** Holds for an update without a Sequence, and for the first with one. */
export const isNewer = ({ sequence: known }: Ingest, sequence: number | undefined): boolean =>
  sequence === undefined || known === null || known < sequence;

export const takeUpdateTurn = (
  tables: Tables,
  { taskId, sequence, at, leaseUntil }: TurnClaim,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: (row) =>
      row.state === "running" &&
      isNewer(row, sequence) &&
      (row.stepLeaseUntil === null || isAtMost(row.stepLeaseUntil, at)),
    set: ({ stepFence }) => ({ stepLeaseUntil: leaseUntil, stepFence: stepFence + 1 }),
  });

export function endUpdateTurn(
  tables: Tables,
  { taskId, stepFence }: Pick<Ingest, "taskId" | "stepFence">,
): void {
  change(tables, taskId, {
    where: (row) => row.stepFence === stepFence,
    set: () => ({ stepLeaseUntil: null }),
  });
}

/** The signature is recorded only with its effect. */
export function markUpdated(tables: Tables, to: Updated): StoredIngest | undefined {
  const { taskId, deadlineAt, play, pausedAt, failuresAfter, signature, turn, edit } = to;
  const row = tables.ingests.get(taskId);
  if (row?.state !== "running" || !isNewer(row, turn?.sequence)) return undefined;
  if (turn && row.stepFence !== turn.stepFence) return undefined;
  if (signature !== undefined && !takeUse(tables, { ...to, signature })) return undefined;
  return change(tables, taskId, {
    where: () => true,
    set() {
      const after = failuresAfter ? later(row.failuresAfter, failuresAfter) : row.failuresAfter;
      return {
        deadlineAt: deadlineAt ?? row.deadlineAt,
        play: { ...row.play, ...play },
        media: (play.StreamUrl ?? row.play.StreamUrl) === row.play.StreamUrl ? row.media : null,
        mediaFailures: failuresAmong(row.mediaFailures, after),
        failuresAfter: after,
        updateRun: runAfter(row.updateRun, to),
        ...(turn && { sequence: turn.sequence ?? row.sequence, stepLeaseUntil: null }),
        ...(edit && {
          programme: edit.programme,
          onAir: edit.onAir,
          stepAt: edit.stepAt,
          stepLeaseUntil: edit.leaseUntil,
        }),
        pausedAt: pausedAt ? (row.pausedAt ?? pausedAt) : pausedAt === null ? null : row.pausedAt,
      };
    },
  });
}

export function takeUse(
  { signatures }: Tables,
  { signature, at, use }: Pick<Updated, "at" | "use"> & { signature: string },
): boolean {
  const known = signatures.get(signature);
  if (known && known.leaseUntil?.getTime() !== use?.leaseUntil.getTime()) return false;
  if (known && !known.leaseUntil) return false;
  const traces = [...(known?.traces ?? []), ...(use?.traceId === undefined ? [] : [use.traceId])];
  const requestHash = known?.requestHash ?? null;
  signatures.set(signature, { requestHash, usedAt: at, leaseUntil: null, traces });
  return true;
}

export function runAfter(
  run: UpdateRun | null | undefined,
  to: Pick<Updated, "signature" | "use">,
): UpdateRun | null {
  const { signature: last, use } = to;
  if (last === undefined) return null;
  if (use?.second === undefined) return { last };
  const { second } = use;
  const first = { [last]: use.arrivedAt.getTime() };
  if (run?.second !== second) return { last, second, first };
  return { last, second, first: { ...first, ...run.first } };
}

/** Deletes ingests that ended before, unless a robot may still enter or an occurrence waits. */
export function forgetEnded(
  { ingests, occurrences }: Tables,
  { endedBefore, limit }: { endedBefore: Date; limit: number },
): number {
  const open = new Set(
    [...occurrences.values()].flatMap(({ taskId, settledAt }) => (settledAt ? [] : taskId)),
  );
  const old = [...ingests.values()]
    .filter(
      ({ taskId, state, endedAt, lateStartUntil }) =>
        state === "ended" &&
        lateStartUntil === null &&
        endedAt !== null &&
        endedAt < endedBefore &&
        !open.has(taskId),
    )
    .sort((one, other) => Number(one.endedAt) - Number(other.endedAt))
    .slice(0, limit);
  for (const { taskId } of old) ingests.delete(taskId);
  return old.length;
}
