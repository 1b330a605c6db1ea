/**
 * When each timer ran last. A timer that does not fire stops nothing else, so only this table shows
 * it.
 */
import type { Query } from "../engine/database.js";
import { raw, run, sql } from "../engine/sql.js";

export interface TimerRun {
  functionName: string;
  /** Since its last run ended, by the database's clock. */
  ageMs: number;
  /** Between the ends of its last runs, the newest first. At most `GAPS_KEPT`. */
  gapsMs: number[];
  /** Runs that failed since the last good one. */
  failures: number;
}

/** Enough that the middle one is an interval, also when two of them were outages. */
const GAPS_KEPT = 5;

/** In milliseconds. The older column holds the newest gap, for code that reads no other. */
const GAP = sql`(extract(epoch from now() - timer_run.ran_at) * 1000)::bigint`;

/** What TRTC answered to an account's last call of an action. */
export interface TrtcAnswer {
  account: string;
  action: string;
  /** The code of its error; null: it accepted the call. */
  code: string | null;
  agoMs: number;
}

export interface TimerMark {
  functionName: string;
  isFailed: boolean;
  answers: readonly TrtcAnswer[];
}

/**
 * Each run writes its end, and what TRTC answered meanwhile. A run that the platform kills leaves
 * nothing.
 */
export async function markTimerRun(
  query: Query,
  { functionName, isFailed, answers }: TimerMark,
): Promise<void> {
  const accounts = answers.map(({ account }) => account);
  const actions = answers.map(({ action }) => action);
  const codes = answers.map(({ code }) => code ?? "");
  const ages = answers.map(({ agoMs }) => agoMs);
  await run(
    query,
    sql`with mark as (
       insert into timer_run (function, ran_at, failures)
       values (${functionName}, now(), ${isFailed}::boolean::int)
       on conflict (function) do update
       set ran_at = now(),
           gap_ms = ${GAP},
           gaps_ms = (${GAP} || timer_run.gaps_ms)[1 : ${raw(GAPS_KEPT)}],
           failures = case when ${isFailed} then timer_run.failures + 1 else 0 end
     )
     insert into trtc_call (account, action, code, answered_at)
     select account, action, nullif(code, ''), now() - ms * interval '1 millisecond'
     from unnest(${accounts}::text[], ${actions}::text[], ${codes}::text[], ${ages}::float8[])
       as last (account, action, code, ms)
     order by account, action
     on conflict (account, action) do update
     set code = excluded.code, answered_at = excluded.answered_at
     where trtc_call.answered_at <= excluded.answered_at`,
  );
}

export interface TimerRuns {
  /** Of every timer that has run. */
  runs: TimerRun[];
  /** The number of the newest migration. */
  migration: number;
  /** Since it. A migration comes before a deployment. */
  migratedMs: number;
}

export async function readTimerRuns(query: Query): Promise<TimerRuns> {
  const rows = await run(
    query,
    sql`select migration, migrated_ms, function, gaps_ms::float8[] as gaps_ms, failures,
            (extract(epoch from now() - ran_at) * 1000)::float8 as age_ms
     from (
       select max(version)::int as migration,
              (extract(epoch from now() - max(applied_at)) * 1000)::float8 as migrated_ms
       from schema_migration
     ) as migrated
     left join timer_run on true
     order by function`,
  );
  const [migrated] = rows;
  const runs = rows.filter((row) => row["function"] !== null);
  return {
    runs: runs.map((row) => ({
      functionName: String(row["function"]),
      ageMs: Number(row["age_ms"]),
      gapsMs: row["gaps_ms"] as number[],
      failures: Number(row["failures"]),
    })),
    migration: Number(migrated?.["migration"]),
    migratedMs: Number(migrated?.["migrated_ms"]),
  };
}
