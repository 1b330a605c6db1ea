/**
 * Statistics about the ingests of some time, for `npm run report`. It reads every row of that time,
 * which no deployed function does.
 */
import { addMs } from "../clock.js";
import { usdOf } from "../config/money/micro-usd.js";
import type { Query, Row } from "./engine/database.js";
import { bind, raw, run, type Sql, sql } from "./engine/sql.js";
import type { EndReason } from "./ingests/ingest-row.js";

export interface ReportFilter {
  since: Date;
  now: Date;
  callerId?: string | undefined;
  sdkAppId?: number | undefined;
}

export interface Report {
  starts: StartCounts;
  live: LiveCounts;
  /** By reason; only reasons that occurred. */
  ends: EndCounts[];
}

/** Of the ingests that were created since. */
export interface StartCounts {
  /** TRTC accepted them. */
  started: number;
  /** TRTC refused them, or they were given up without an answer. */
  failed: number;
  /** TRTC did not answer at first, and reconcile-ingests has found the outcome. */
  settled: number;
}

/** Of all ingests that have not ended. */
export interface LiveCounts {
  /** Ingests that play, as far as we know. */
  running: number;
  /** Ingests that wait for their StartTime, or for another attempt. */
  scheduled: number;
  /** Running ingests that are past their deadline, or asked to stop. */
  overdue: number;
  /** The longest time past it, in milliseconds. */
  overdueMaxMs: number | null;
  /** Starts without an outcome that reconcile-ingests has taken over or will. */
  unsettled: number;
  oldestUnfinishedAt: Date | null;
  /** What those that play have cost so far, and what they will have cost at their deadlines. */
  usd: number;
  usdToDeadline: number;
}

/** Of the ingests that ended since. Minutes are what TRTC played and bills. */
export interface EndCounts {
  reason: EndReason;
  count: number;
  minutes: number;
  usd: number;
  /** Ended within `ON_TIME_MS` after they were due; null where we did not stop them. */
  onTime: number | null;
  /** From the deadline to the request to stop; null where no deadline ended them. */
  asked: Lateness | null;
  /** From the due end to the record of TRTC's answer; null where we did not stop them. */
  answered: Lateness | null;
}

/** Milliseconds. */
export interface Lateness {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const ON_TIME_MS = 1000;

export async function readReport(
  query: Query,
  { since, now, callerId, sdkAppId }: ReportFilter,
): Promise<Report> {
  const isIncluded = filterOf(bind(callerId ?? null), bind(sdkAppId ?? null));
  const from = bind(since);
  const [starts] = await run(query, startsSince(from, isIncluded));
  const [live] = await run(query, liveAt(bind(now), isIncluded));
  const ends = await run(query, endsSince(from, isIncluded));
  const overdueMaxMs = nullable(live, "overdue_max_ms");
  const unfinishedAgeMs = nullable(live, "unsettled_max_ms");
  return {
    starts: {
      started: Number(starts?.["started"]),
      failed: Number(starts?.["failed"]),
      settled: Number(starts?.["settled"]),
    },
    live: {
      running: Number(live?.["running"]),
      scheduled: Number(live?.["scheduled"]),
      overdue: Number(live?.["overdue"]),
      overdueMaxMs,
      unsettled: Number(live?.["unsettled"]),
      oldestUnfinishedAt: unfinishedAgeMs === null ? null : addMs(now, -unfinishedAgeMs),
      usd: usdOf(Number(live?.["micro_usd"])),
      usdToDeadline: usdOf(Number(live?.["micro_usd_to_deadline"])),
    },
    ends: ends.map(endOf),
  };
}

const endOf = (row: Row): EndCounts => ({
  reason: String(row["end_reason"]) as EndReason,
  count: Number(row["count"]),
  minutes: Number(row["minutes"]),
  usd: usdOf(Number(row["micro_usd"])),
  onTime: row["answered_p50_ms"] === null ? null : Number(row["on_time"]),
  asked: latenessOf(row, "asked"),
  answered: latenessOf(row, "answered"),
});

function latenessOf(row: Row, what: "asked" | "answered"): Lateness | null {
  const figure = (name: string) => nullable(row, `${what}_${name}_ms`);
  const [p50Ms, p99Ms, maxMs] = [figure("p50"), figure("p99"), figure("max")];
  return p50Ms === null || p99Ms === null || maxMs === null ? null : { p50Ms, p99Ms, maxMs };
}

const nullable = (row: Row | undefined, column: string): number | null => {
  const value = row?.[column] ?? null;
  return value === null ? null : Number(value);
};

const filterOf = (callerId: Sql, sdkAppId: Sql): Sql =>
  sql`successor_of is null and (${callerId}::text is null or caller_id = ${callerId}) and (${sdkAppId}::bigint is null or sdk_app_id = ${sdkAppId})`;

/** Both parts together are all. Each has its index, so older rows are not read. */
const hasEndedSince = (since: Sql): Sql =>
  sql`state = 'ended' and unsure_until is null and ended_at >= ${since}
    or state = 'ended' and unsure_until is not null and ended_at >= ${since}`;

const startsSince = (since: Sql, isIncluded: Sql): Sql => sql`
  select count(*) filter (where started_at is not null) as started,
         count(*) filter (where end_reason = 'failed' and started_at is null) as failed,
         count(*) filter (where settled_at is not null and state <> 'starting') as settled
  from ingest
  where ${isIncluded} and created_at >= ${since} and (state <> 'ended' or ${hasEndedSince(since)})`;

const isOverdue = (now: Sql): Sql => sql`state <> 'starting' and due_at <= ${now}`;

/** No function works on it, or another one had to take it over. */
const isUnfinished = (now: Sql): Sql =>
  sql`state = 'starting' and advance_at is null
      and (coalesce(lease_until <= ${now}, true) or settled_at is not null)`;

const maxMs = (interval: Sql, where: Sql): Sql =>
  sql`max(extract(epoch from ${interval}) * 1000) filter (where ${where})`;

/** Micro-USD from the start until then. */
const costUntil = (until: Sql): Sql =>
  sql`micro_usd(ms_between(started_at, ${until}), micro_usd_per_minute(prices, media))`;

const liveAt = (now: Sql, isIncluded: Sql): Sql => sql`
  select count(*) filter (where state <> 'starting') as running,
         count(*) filter (where state = 'starting' and advance_at is not null) as scheduled,
         count(*) filter (where ${isOverdue(now)}) as overdue,
         ${maxMs(sql`${now} - due_at`, isOverdue(now))} as overdue_max_ms,
         count(*) filter (where ${isUnfinished(now)}) as unsettled,
         ${maxMs(sql`${now} - created_at`, isUnfinished(now))} as unsettled_max_ms,
         coalesce(sum(${costUntil(now)}), 0) as micro_usd,
         coalesce(sum(${costUntil(sql`greatest(${now}, deadline_at)`)}), 0) as micro_usd_to_deadline
  from ingest
  where ${isIncluded} and state <> 'ended'`;

const figuresOf = (column: "asked" | "answered"): Sql => {
  const name = raw(column);
  return sql`
  percentile_disc(0.5) within group (order by ${name}) as ${name}_p50_ms,
  percentile_disc(0.99) within group (order by ${name}) as ${name}_p99_ms,
  max(${name}) as ${name}_max_ms`;
};

const endsSince = (since: Sql, isIncluded: Sql): Sql => sql`
  select end_reason, count(*) as count,
         coalesce(sum(extract(epoch from ended_at - started_at)) / 60, 0) as minutes,
         coalesce(sum(${costUntil(sql`ended_at`)}), 0) as micro_usd,
         count(*) filter (where answered <= ${raw(ON_TIME_MS)}) as on_time,
         ${figuresOf("asked")}, ${figuresOf("answered")}
  from (
    select end_reason, started_at, ended_at, prices, media,
           case when end_reason = 'expired'
                then extract(epoch from stop_asked_at - deadline_at) * 1000 end as asked,
           case when end_reason in ('expired', 'stopped') and stop_asked_at is not null
                then extract(epoch from ended_at - due_at) * 1000 end as answered
    from ingest
    where ${isIncluded} and (${hasEndedSince(since)})
  ) as ended
  group by end_reason
  order by count(*) desc, end_reason`;
