/**
 * The record of what became of the ingests, over some time: for `npm run report`. It reads every row,
 * as an operator may now and then, and no function of ours ever does.
 */
import { addMs } from "../clock.js";
import type { Query, Row } from "./engine/database.js";
import type { EndReason } from "./ingests/ingest-row.js";

export interface ReportWanted {
  since: Date;
  now: Date;
  callerId?: string | undefined;
  sdkAppId?: number | undefined;
}

export interface Report {
  starts: StartCounts;
  live: LiveCounts;
  /** By reason; only those that occurred. */
  ends: EndCounts[];
}

/** Of the ingests that were asked for since. */
export interface StartCounts {
  /** TRTC took them. */
  started: number;
  /** TRTC refused them, or nobody could tell and they were given up. */
  failed: number;
  /** Nobody knew for a while whether they play, since TRTC did not answer; it is known now. */
  settled: number;
}

/** Whenever they were asked for. */
export interface LiveCounts {
  /** Playing, and not over by what we know. */
  running: number;
  /** Of those, past their deadline, or asked to stop. */
  overdue: number;
  /** The longest past, in milliseconds. */
  overdueMaxMs: number | null;
  /** Starts that nobody works on, and whose outcome is not known. */
  unsettled: number;
  oldestUnfinishedAt: Date | null;
}

/** Of the ingests that ended since. Minutes are as TRTC played, and bills them. */
export interface EndCounts {
  reason: EndReason;
  count: number;
  minutes: number;
  /** Over within `ON_TIME_MS` of when they were due; of those that we stopped. */
  onTime: number | null;
  /** From the deadline to when the stop was asked for; of those that their deadline ended. */
  asked: Lateness | null;
  /** From when the end was due to when TRTC's answer was written; of those that we stopped. */
  answered: Lateness | null;
}

/** Milliseconds. */
export interface Lateness {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const ON_TIME_MS = 1000;

export async function readReport(query: Query, wanted: ReportWanted): Promise<Report> {
  const { since, now, callerId = null, sdkAppId = null } = wanted;
  const of = [callerId, sdkAppId];
  const [starts] = await query(STARTS, [...of, since]);
  const [live] = await query(LIVE, [...of, now]);
  const ends = await query(ENDS, [...of, since]);
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
      overdue: Number(live?.["overdue"]),
      overdueMaxMs,
      unsettled: Number(live?.["unsettled"]),
      oldestUnfinishedAt: unfinishedAgeMs === null ? null : addMs(now, -unfinishedAgeMs),
    },
    ends: ends.map(endOf),
  };
}

const endOf = (row: Row): EndCounts => ({
  reason: String(row["end_reason"]) as EndReason,
  count: Number(row["count"]),
  minutes: Number(row["minutes"]),
  onTime: row["answered_p50_ms"] === null ? null : Number(row["on_time"]),
  asked: latenessOf(row, "asked"),
  answered: latenessOf(row, "answered"),
});

function latenessOf(row: Row, what: "asked" | "answered"): Lateness | null {
  const of = (figure: string) => nullable(row, `${what}_${figure}_ms`);
  const [p50Ms, p99Ms, maxMs] = [of("p50"), of("p99"), of("max")];
  return p50Ms === null || p99Ms === null || maxMs === null ? null : { p50Ms, p99Ms, maxMs };
}

const nullable = (row: Row | undefined, column: string): number | null => {
  const value = row?.[column] ?? null;
  return value === null ? null : Number(value);
};

const OF = `($1::text is null or caller_id = $1) and ($2::bigint is null or sdk_app_id = $2)`;

const STARTS = `
  select count(*) filter (where started_at is not null) as started,
         count(*) filter (where end_reason = 'failed' and started_at is null) as failed,
         count(*) filter (where settled_at is not null and state <> 'starting') as settled
  from ingest
  where ${OF} and created_at >= $3`;

const LIVE = `
  select count(*) filter (where state <> 'starting') as running,
         count(*) filter (where state <> 'starting' and due_at <= $3) as overdue,
         ${maxMs("$3 - due_at", "state <> 'starting' and due_at <= $3")} as overdue_max_ms,
         count(*) filter (where ${isUnfinished("$3")}) as unsettled,
         ${maxMs("$3 - created_at", isUnfinished("$3"))} as unsettled_max_ms
  from ingest
  where ${OF} and state <> 'ended'`;

/** Nobody has it in hand, or somebody had to take it over. */
function isUnfinished(now: string): string {
  return `state = 'starting' and (coalesce(lease_until <= ${now}, true) or fence > 0)`;
}

function maxMs(interval: string, where: string): string {
  return `max(extract(epoch from ${interval}) * 1000) filter (where ${where})`;
}

const FIGURES = (what: string) => `
  percentile_disc(0.5) within group (order by ${what}) as ${what}_p50_ms,
  percentile_disc(0.99) within group (order by ${what}) as ${what}_p99_ms,
  max(${what}) as ${what}_max_ms`;

const ENDS = `
  select end_reason, count(*) as count,
         coalesce(sum(extract(epoch from ended_at - started_at)) / 60, 0) as minutes,
         count(*) filter (where answered <= ${ON_TIME_MS}) as on_time,
         ${FIGURES("asked")}, ${FIGURES("answered")}
  from (
    select end_reason, started_at, ended_at,
           case when end_reason = 'expired'
                then extract(epoch from stop_asked_at - deadline_at) * 1000 end as asked,
           case when end_reason in ('expired', 'stopped') and stop_asked_at is not null
                then extract(epoch from ended_at - due_at) * 1000 end as answered
    from ingest
    where ${OF} and ended_at >= $3
  ) as ended
  group by end_reason
  order by count(*) desc, end_reason`;
