/**
 * What a caller may have at once, and start in a minute. Of `MaxIngests` places each live ingest has
 * one, and of `StartsPerMinute` lanes each start has one for 60 seconds. A start takes a place only
 * from whom it has seen there, so two at once, wherever they run, cannot pass a limit together:
 * whoever loses a place to another start tries again, and sees that start then.
 */
import type { Query } from "../engine/database.js";
import { isSlotFar, SLOT_NOW, type SlotWait } from "../slots.js";

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
  /** Until one of the last minute's starts is a minute ago. */
  freeInMs: number;
}

const live = (caller: string) => `ingest where caller_id = ${caller} and state <> 'ended'`;

const recent = (caller: string) =>
  `caller_lane, t where caller_id = ${caller} and taken_at > t.now - interval '60 seconds'`;

/** One of those that are free; where a limit was lowered, fewer are than stand empty. */
const oneOf = (free: string, { max, taken }: { max: string; taken: string }) => `
  select * from (
    ${free}
    order by n
    limit case when ${max} is null then 0
               else greatest(0, ${max} - (select count(*) from ${taken})) end
  ) as free
  order by random() limit 1`;

export interface QuotaSql {
  caller: string;
  taskId: string;
  maxIngests: string;
  startsPerMinute: string;
  /** Holds when nothing else stands in the way of the start. */
  allowed: string;
}

/** `with` parts that take a place and a lane; see `withinQuotas`. Expect `t(now)` before them. */
export const quotaParts = (of: QuotaSql) => `
  allowed as (select 1 as yes from t where ${of.allowed}),
  free_place as (${oneOf(
    `select n, held.task_id as holder
     from generate_series(1, ${of.maxIngests}) as n
     left join caller_place as held on held.caller_id = ${of.caller} and held.place = n
     left join ingest on ingest.task_id = held.task_id and ingest.state <> 'ended'
     where ingest.task_id is null`,
    { max: of.maxIngests, taken: live(of.caller) },
  )}),
  place as (
    insert into caller_place as held (caller_id, place, task_id)
    select ${of.caller}, n, ${of.taskId} from free_place, allowed
    on conflict (caller_id, place) do update set task_id = excluded.task_id
      where held.task_id is not distinct from (select holder from free_place)
    returning place
  ),
  free_lane as (${oneOf(
    `select n, held.taken_at
     from generate_series(1, ${of.startsPerMinute}) as n cross join t
     left join caller_lane as held on held.caller_id = ${of.caller} and held.lane = n
     where held.taken_at is null or held.taken_at <= t.now - interval '60 seconds'`,
    { max: of.startsPerMinute, taken: recent(of.caller) },
  )}),
  lane as (
    insert into caller_lane as held (caller_id, lane, taken_at)
    select ${of.caller}, n, t.now from free_lane, allowed, t
    where ${of.maxIngests} is null or exists (select from place)
    on conflict (caller_id, lane) do update set taken_at = excluded.taken_at
      where held.taken_at is not distinct from (select taken_at from free_lane)
    returning lane
  ),`;

export const withinQuotas = ({ maxIngests, startsPerMinute }: QuotaSql) => `
  and (${maxIngests} is null or exists (select from place))
  and (${startsPerMinute} is null or exists (select from lane))`;

/** Why a start that nothing else stands in the way of began nothing. `undefined`: another was first. */
export async function refusalOf(
  query: Query,
  {
    callerId,
    account,
    quotas: { maxIngests, startsPerMinute },
    waitMaxMs,
    now,
  }: { callerId: string; account: string; now: Date | null } & SlotWait & {
      quotas: Quotas;
    },
): Promise<OverQuota | { outcome: "no-slot" } | undefined> {
  const slot = { account: "$3", action: "'StartStreamIngest'", waitMaxMs: "$4", caller: "$2" };
  const [row] = await query(
    `with t as (select ${SLOT_NOW} as now)
     select (select count(*)::int from ${live("$2")}) as live,
            (select count(*)::int from ${recent("$2")}) as recent,
            (select extract(epoch from 60 * interval '1 second' - (t.now - min(taken_at))) * 1000
             from ${recent("$2")} group by t.now) as free_in_ms,
            ${isSlotFar(slot)} as is_far
     from t`,
    [now, callerId, account, waitMaxMs],
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
