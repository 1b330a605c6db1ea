/** shared/store/reads.ts and updates.ts, statement by statement. */
import type { Ingest, Play } from "../../../shared/store/ingest-row.js";
import type { ListFilter } from "../../../shared/store/reads.js";
import { failuresAmong } from "./media.js";
import { change, later, type StoredIngest, type Tables } from "./tables.js";

const newestFirst = (a: Ingest, b: Ingest): number => (a.taskId < b.taskId ? 1 : -1);

export function findIngest(
  { ingests }: Tables,
  { callerId, taskId }: { callerId: string; taskId: string },
): StoredIngest | undefined {
  return [...ingests.values()]
    .filter((row) => row.callerId === callerId)
    .filter((row) => row.taskId === taskId || row.trtcTaskId === taskId)
    .sort(newestFirst)[0];
}

export function listIngests({ ingests }: Tables, filter: ListFilter): StoredIngest[] {
  const { callerId, sdkAppId, roomId, roomIdType, state, before, limit } = filter;
  const fits = (row: Ingest) =>
    row.callerId === callerId &&
    (sdkAppId ?? row.sdkAppId) === row.sdkAppId &&
    (roomId ?? row.roomId) === row.roomId &&
    (roomIdType ?? row.roomIdType) === row.roomIdType &&
    (state ?? row.state) === row.state &&
    (before === undefined || row.taskId < before);
  return [...ingests.values()].filter(fits).sort(newestFirst).slice(0, limit);
}

interface Updated {
  taskId: string;
  deadlineAt: Date | undefined;
  play: Partial<Play>;
  failuresAfter?: Date | undefined;
  signature: string | undefined;
  at: Date;
}

/** The signature is remembered whether or not the row is running, and takes effect once. */
export function markUpdated(
  tables: Tables,
  { taskId, deadlineAt, play, failuresAfter, signature, at }: Updated,
): StoredIngest | undefined {
  if (signature !== undefined) {
    if (tables.signatures.has(signature)) return undefined;
    tables.signatures.set(signature, at);
  }
  return change(tables, taskId, {
    where: ({ state }) => state === "running",
    set(row) {
      const after = failuresAfter ? later(row.failuresAfter, failuresAfter) : row.failuresAfter;
      return {
        ...{ deadlineAt: deadlineAt ?? row.deadlineAt, play: { ...row.play, ...play } },
        ...{ mediaFailures: failuresAmong(row.mediaFailures, after), failuresAfter: after },
      };
    },
  });
}

export function forgetSignatures({ signatures }: Tables, before: Date): void {
  for (const [signature, usedAt] of signatures) {
    if (usedAt.getTime() < before.getTime()) signatures.delete(signature);
  }
}
