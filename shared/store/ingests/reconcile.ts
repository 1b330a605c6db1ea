/** What settling takes up: starts without an answer, robots that may come late, tasks gone quiet. */
import { addMs } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { type Ingest, ingestOf } from "./ingest-row.js";
import { FAILED_FOR_GOOD, hasFailedForGood } from "./media.js";
import { LATE_START_MS } from "./starts.js";

interface Claim {
  at: Date;
  leaseMs: number;
}

/**
 * A claim is taken to send a start again, so it makes unsure for longer at the same time: whoever
 * is killed after sending it leaves the row as it must be.
 */
const CLAIM_START = `
  lease_until = $2, fence = fence + 1, settled_at = coalesce(settled_at, $1),
  unsure_until = greatest(unsure_until, $3::timestamptz)`;

const claimTimes = ({ at, leaseMs }: Claim): Date[] => {
  const leaseUntil = addMs(at, leaseMs);
  return [at, leaseUntil, addMs(leaseUntil, LATE_START_MS)];
};

/** The oldest first: an update returns its rows as it comes upon them. */
const inOrder = (update: string): string =>
  `with claimed as (${update}) select * from claimed order by task_id`;

/** Claims starts that nobody works on any more, those left longest first. */
export async function claimUnfinished(
  query: Query,
  { limit, ...claim }: Claim & { limit: number },
): Promise<Ingest[]> {
  const rows = await query(
    inOrder(`
      update ingest set ${CLAIM_START}
      where task_id in (
        select task_id from ingest
        where state = 'starting' and lease_until <= $1
        order by lease_until
        limit $4
        for update skip locked
      )
      returning *`),
    [...claimTimes(claim), limit],
  );
  return rows.map(ingestOf);
}

/** Claims one of them; `undefined` when it is not starting any more, or somebody is at it. */
export async function claimStart(
  query: Query,
  { taskId, ...claim }: Claim & { taskId: string },
): Promise<Ingest | undefined> {
  const [row] = await query(
    `update ingest set ${CLAIM_START}
     where task_id = $4 and state = 'starting' and lease_until <= $1
     returning *`,
    [...claimTimes(claim), taskId],
  );
  return row && ingestOf(row);
}

/** Claims ended ingests of whose robot nothing more can turn up, and which may be in its room. */
export async function claimLateStarts(
  query: Query,
  { at, leaseMs, limit }: Claim & { limit: number },
): Promise<Ingest[]> {
  const rows = await query(
    inOrder(`
      update ingest set lease_until = $2, fence = fence + 1
      where task_id in (
        select task_id from ingest
        where state = 'ended' and unsure_until <= $1
          and (lease_until is null or lease_until <= $1)
        order by unsure_until
        limit $3
        for update skip locked
      )
      returning *`),
    [at, addMs(at, leaseMs), limit],
  );
  return rows.map(ingestOf);
}

/** The robot is out of its room, and no start of it can come any more. */
export async function clearLateStart(
  query: Query,
  { taskId, fence }: { taskId: string; fence: number },
): Promise<void> {
  await query(
    `update ingest set unsure_until = null, lease_until = null
     where task_id = $1 and fence = $2 and state = 'ended'`,
    [taskId, fence],
  );
}

/**
 * Begins the stops of running ingests whose source has failed for good, those of the longest ago
 * first. Since `heardBefore` nothing was told of them: of a last try there is nothing to come. What
 * plays is left alone, since the code before this one kept the failures of before a success.
 */
export async function claimFailedSources(
  query: Query,
  { at, leaseMs, lastSeenBefore, limit }: Claim & { lastSeenBefore: Date; limit: number },
): Promise<Ingest[]> {
  const rows = await query(
    inOrder(`
      update ingest
      set state = 'stopping', end_reason = 'failed', stop_asked_at = coalesce(stop_asked_at, $1),
          lease_until = $2, fence = fence + 1
      where task_id in (
        select task_id from ingest
        where state = 'running' and cardinality(media_failures) >= ${FAILED_FOR_GOOD} and heard_at <= $3
          and media_state <> 'playing' and ${hasFailedForGood("ingest")}
        order by heard_at
        limit $4
        for update skip locked
      )
      returning *`),
    [at, addMs(at, leaseMs), lastSeenBefore, limit],
  );
  return rows.map(ingestOf);
}

/**
 * Running ingests of which nothing was heard since, those of the longest ago first, and marks them
 * as heard of: no claim, since a claim would keep a stop waiting.
 */
export async function claimStaleTasks(
  query: Query,
  { at, quietSince, limit }: { at: Date; quietSince: Date; limit: number },
): Promise<Ingest[]> {
  const rows = await query(
    inOrder(`
      update ingest set heard_at = $1
      where task_id in (
        select task_id from ingest
        where state = 'running' and (heard_at is null or heard_at <= $2)
        order by heard_at nulls first
        limit $3
        for update skip locked
      )
      returning *`),
    [at, quietSince, limit],
  );
  return rows.map(ingestOf);
}
