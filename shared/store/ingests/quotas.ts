/**
 * How many ingests a caller may have at once, and how many it may start in a minute. Each live
 * ingest has one of `MaxIngests` places. Each start has one of `StartsPerMinute` lanes for 60
 * seconds. A start takes a place only from the holder that it saw there. So two starts cannot pass
 * a limit together, on any instances. The start that loses a place tries again, and then sees the
 * other one.
 */
import type { Query } from "../engine/database.js";
import { bind, raw, run, type Sql, sql } from "../engine/sql.js";
import { isSlotFar, slotNow, type SlotWait } from "../slots.js";

export interface Quotas {
  maxIngests?: number | undefined;
  startsPerMinute?: number | undefined;
}

export const hasQuotas = ({ maxIngests, startsPerMinute }: Quotas): boolean =>
  maxIngests !== undefined || startsPerMinute !== undefined;

export interface OverQuota {
  outcome: "over-quota";
  quota: "MaxIngests" | "StartsPerMinute";
  count: number;
  /** Until the oldest start of the last minute is a minute old. */
  freeInMs: number;
}

/**
 * A scheduled ingest takes its place when it starts, and keeps it when it starts again. A successor
 * plays in the place of its ingest.
 */
export const PLAYS = sql`ingest.state <> 'ended' and ingest.successor_of is null and (ingest.state <> 'starting' or ingest.advance_at is null
    or ingest.started_at is not null)`;

const live = (caller: Sql): Sql => sql`ingest where caller_id = ${caller} and ${PLAYS}`;

const recent = (caller: Sql): Sql =>
  sql`caller_lane, t where caller_id = ${caller} and taken_at > t.now - interval '60 seconds'`;

/** One of the free places or lanes. After a limit was lowered, fewer are free than stand empty. */
const oneOf = (free: Sql, { max, used }: { max: Sql; used: Sql }): Sql => sql`
  select * from (
    ${free}
    order by n
    limit case when ${max} is null then 0
               else greatest(0, ${max} - (select count(*) from ${used})) end
  ) as free
  order by random() limit 1`;

export interface QuotaSql {
  caller: Sql;
  taskId: Sql;
  maxIngests: Sql;
  startsPerMinute: Sql;
  /** True when nothing else prevents the start. */
  allowed: Sql;
}

/** `with` parts that take a place and a lane; see `withinQuotas`. They expect `t(now)` before them. */
export const quotaParts = ({
  caller,
  taskId,
  maxIngests,
  startsPerMinute,
  allowed,
}: QuotaSql): Sql => sql`
  allowed as (select 1 as yes from t where ${allowed}),
  free_place as (${oneOf(
    sql`select n, held.task_id as holder
        from generate_series(1, ${maxIngests}) as n
        left join caller_place as held on held.caller_id = ${caller} and held.place = n
        left join ingest on ingest.task_id = held.task_id and ${PLAYS}
        where ingest.task_id is null`,
    { max: maxIngests, used: live(caller) },
  )}),
  place as (
    insert into caller_place as held (caller_id, place, task_id)
    select ${caller}, n, ${taskId} from free_place, allowed
    on conflict (caller_id, place) do update set task_id = excluded.task_id
      where held.task_id is not distinct from (select holder from free_place)
    returning place
  ),
  free_lane as (${oneOf(
    sql`select n, held.taken_at
        from generate_series(1, ${startsPerMinute}) as n cross join t
        left join caller_lane as held on held.caller_id = ${caller} and held.lane = n
        where held.taken_at is null or held.taken_at <= t.now - interval '60 seconds'`,
    { max: startsPerMinute, used: recent(caller) },
  )}),
  lane as (
    insert into caller_lane as held (caller_id, lane, taken_at)
    select ${caller}, n, t.now from free_lane, allowed, t
    where ${maxIngests} is null or exists (select from place)
    on conflict (caller_id, lane) do update set taken_at = excluded.taken_at
      where held.taken_at is not distinct from (select taken_at from free_lane)
    returning lane
  ),`;

export const withinQuotas = ({ maxIngests, startsPerMinute }: QuotaSql): Sql => sql`
  and (${maxIngests} is null or exists (select from place))
  and (${startsPerMinute} is null or exists (select from lane))`;

export interface QuotaCheck extends SlotWait {
  callerId: string;
  account: string;
  now: Date | null;
  quotas: Quotas;
}

/** Why a start that no other ingest prevents did not begin. `undefined`: another start was first. */
export async function refusalOf(
  query: Query,
  { callerId, account, quotas: { maxIngests, startsPerMinute }, waitMaxMs, now }: QuotaCheck,
): Promise<OverQuota | { outcome: "no-slot" } | undefined> {
  const caller = bind(callerId);
  const slot = {
    account: bind(account),
    action: raw("'StartStreamIngest'"),
    waitMaxMs: bind(waitMaxMs),
    caller,
  };
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(bind(now))} as now)
        select (select count(*)::int from ${live(caller)}) as live,
               (select count(*)::int from ${recent(caller)}) as recent,
               (select extract(epoch from 60 * interval '1 second' - (t.now - min(taken_at))) * 1000
                from ${recent(caller)} group by t.now) as free_in_ms,
               ${isSlotFar(slot)} as is_far
        from t`,
  );
  const [liveCount, recentCount] = [Number(row?.["live"]), Number(row?.["recent"])];
  const over = { outcome: "over-quota" as const, freeInMs: Number(row?.["free_in_ms"] ?? 0) };
  if (maxIngests !== undefined && liveCount >= maxIngests) {
    return { ...over, quota: "MaxIngests", count: liveCount };
  }
  if (startsPerMinute !== undefined && recentCount >= startsPerMinute) {
    return { ...over, quota: "StartsPerMinute", count: recentCount };
  }
  return row?.["is_far"] === true ? { outcome: "no-slot" } : undefined;
}
