/** What a database says about itself, for its operator. These statements change no row. */
import type { Query } from "./engine/database.js";
import { run, sql } from "./engine/sql.js";
import { ENDS_AT } from "./ingests/due.js";

export interface DatabaseHealth {
  /** As `17.2`. */
  serverVersion: string;
  serverVersionNumber: number;
  connections: { used: number; max: number };
  /** The server ends a statement of ours after this time; 0: never. */
  statementTimeoutMs: number;
  /** The database's clock, in milliseconds since 1970. */
  nowMs: number;
  /** Privileges that the functions need and this role lacks, such as `insert on ingest`. */
  lacking: string[];
}

/** The privileges that the functions need, by table. */
const NEEDED: readonly [table: string, privileges: readonly string[]][] = [
  ["schema_migration", ["select"]],
  ["ingest", ["select", "insert", "update"]],
  ["call_slot", ["select", "insert", "update"]],
  ["unclaimed_task", ["select", "insert", "update", "delete"]],
  ["room_audience", ["select", "insert", "update", "delete"]],
  ["used_signature", ["select", "insert", "update", "delete"]],
  ["outbox", ["select", "insert", "update", "delete"]],
  ["dead_letter", ["select", "insert", "update", "delete"]],
  ["schedule", ["select", "insert", "update", "delete"]],
  ["occurrence", ["select", "insert", "update", "delete"]],
];

export async function readHealth(query: Query): Promise<DatabaseHealth> {
  const [row = {}] = await run(
    query,
    sql`select current_setting('server_version') as version,
            current_setting('server_version_num')::int as version_number,
            current_setting('max_connections')::int as connections_max,
            (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::float8
              as statement_timeout_ms,
            (select sum(numbackends) from pg_stat_database)::int as connections_used,
            (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms`,
  );
  return {
    serverVersion: String(row["version"]),
    serverVersionNumber: Number(row["version_number"]),
    connections: { used: Number(row["connections_used"]), max: Number(row["connections_max"]) },
    statementTimeoutMs: Number(row["statement_timeout_ms"]),
    nowMs: Number(row["now_ms"]),
    lacking: await readLacking(query),
  };
}

/** A missing table lacks nothing: the migration creates it. */
async function readLacking(query: Query): Promise<string[]> {
  const needed = NEEDED.flatMap(([table, rights]) =>
    rights.map((privilege) => ({ table, privilege })),
  );
  const tables = needed.map(({ table }) => table);
  const privileges = needed.map(({ privilege }) => privilege);
  const rows = await run(
    query,
    sql`select privilege || ' on ' || name as lacking
     from unnest(${tables}::text[], ${privileges}::text[]) with ordinality as needed (name, privilege, position)
     where to_regclass(name) is not null and not has_table_privilege(to_regclass(name), privilege)
     order by position`,
  );
  return rows.map((row) => String(row["lacking"]));
}

export interface Backlog {
  live: number;
  /** Ingests that play, and are past their deadline by more than `graceMs`. */
  overdue: number;
  oldestOverdueMs: number;
  /** Scheduled starts that should have been tried `graceMs` ago. */
  lateStarts: number;
  /** Steps of programmes that should have been carried out `graceMs` ago. */
  lateSteps: number;
  /** Schedules that should have been planned some minutes ago. */
  lateSchedules: number;
  /** Starts without an outcome whose lease has lapsed. */
  unfinished: number;
  /** Tasks that TRTC has reported for some time, and that no ingest has. */
  unclaimed: number;
}

/** The same time as in reconcile-ingests. */
const UNCLAIMED_AFTER = sql`interval '5 minutes'`;

/** A few runs of plan-schedules, which has no interval of its own in the configuration. */
const PLANNED_WITHIN = sql`interval '5 minutes'`;

export async function readBacklog(
  query: Query,
  { graceMs }: { graceMs: number },
): Promise<Backlog> {
  const [row = {}] = await run(
    query,
    sql`with live as (
       select *, state in ('running', 'stopping')
                 and ${ENDS_AT} < now() - ${graceMs} * interval '1 millisecond' as is_overdue
       from ingest where state <> 'ended'
     )
     select count(*)::int as live,
            count(*) filter (where is_overdue)::int as overdue,
            coalesce(
              extract(epoch from max(now() - ${ENDS_AT}) filter (where is_overdue)) * 1000, 0
            )::float8 as oldest_overdue_ms,
            count(*) filter (where state = 'starting'
              and advance_at < now() - ${graceMs} * interval '1 millisecond')::int as late_starts,
            count(*) filter (where state = 'running' and paused_at is null
              and step_at < now() - ${graceMs} * interval '1 millisecond')::int as late_steps,
            count(*) filter (where state = 'starting' and lease_until < now())::int as unfinished,
            (select count(*) from unclaimed_task
             where ended_at is null and first_seen_at < now() - ${UNCLAIMED_AFTER})::int as unclaimed,
            (select count(*) from schedule where plan_at < now() - ${PLANNED_WITHIN})::int
              as late_schedules
     from live`,
  );
  return {
    live: Number(row["live"]),
    overdue: Number(row["overdue"]),
    oldestOverdueMs: Number(row["oldest_overdue_ms"]),
    lateStarts: Number(row["late_starts"]),
    lateSteps: Number(row["late_steps"]),
    lateSchedules: Number(row["late_schedules"]),
    unfinished: Number(row["unfinished"]),
    unclaimed: Number(row["unclaimed"]),
  };
}
