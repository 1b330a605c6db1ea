/**
 * What a caller may have at once, and start in a minute. Both are held by unique indexes, so that
 * two starts at once, wherever they run, cannot pass a limit together: of `MaxIngests` places each
 * live ingest has one, and of `StartsPerMinute` lanes each start has one for 60 seconds. Whoever
 * loses a place to another start tries again, and sees that start then.
 */
import type { Query } from "./database.js";
import { isSlotFar, SLOT_NOW, type SlotWait } from "./slots.js";

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

interface QuotaSql {
  caller: string;
  maxIngests: string;
  startsPerMinute: string;
}

const live = (caller: string) => `ingest where caller_id = ${caller} and state <> 'ended'`;

const recent = (caller: string) =>
  `ingest, t where caller_id = ${caller} and rate_at > t.now - interval '60 seconds'`;

/** One of so many that no row of `taken` has; where a limit was lowered, `taken` may have others. */
const freeOf = (max: string, { column, taken }: { column: string; taken: string }) => `
  select n from (
    select n from generate_series(1, ${max}) as n
    where n not in (select ${column} from ${taken} and ${column} is not null)
    order by n
    limit case when ${max} is null then 0
               else greatest(0, ${max} - (select count(*) from ${taken})) end
  ) as free
  order by random() limit 1`;

/** `with` parts that name a free place and a free lane; see `WITHIN_QUOTAS`. */
export const quotaParts = ({ caller, maxIngests, startsPerMinute }: QuotaSql) => `
  place as (${freeOf(maxIngests, { column: "quota_place", taken: live(caller) })}),
  lane as (
    select n, t.now as at,
           1 + coalesce((select max(rate_round) from ingest
                         where caller_id = ${caller} and rate_lane = n), 0) as round
    from (${freeOf(startsPerMinute, { column: "rate_lane", taken: recent(caller) })}) as free, t
  )`;

export const withinQuotas = ({ maxIngests, startsPerMinute }: Omit<QuotaSql, "caller">) => `
  (${maxIngests} is null or exists (select from place))
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
            (select extract(epoch from 60 * interval '1 second' - (t.now - min(rate_at))) * 1000
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
