/** What a database says about itself, for its operator. These statements change no row. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

export interface DatabaseHealth {
  /** As `17.2`. */
  serverVersion: string;
  serverVersionNumber: number;
  connections: { used: number; max: number };
  /** The server ends a statement of ours after this time; 0: never. */
  statementTimeoutMs: number;
  /** The database's clock, in milliseconds since 1970. */
  nowMs: number;
  /** Our tables, the largest first. */
  tables: TableSize[];
}

export interface TableSize {
  table: string;
  /** With its indexes. */
  bytes: number;
  /** As the planner last estimated them. */
  rows: number;
}

/** The privileges that the functions need, by table. */
const NEEDED: readonly [table: string, privileges: readonly string[]][] = [
  ["schema_migration", ["select"]],
  ["ingest", ["select", "insert", "update", "delete"]],
  ["ingest_event", ["select", "insert", "delete"]],
  ["call_slot", ["select", "insert", "update"]],
  ["unclaimed_task", ["select", "insert", "update", "delete"]],
  ["room_audience", ["select", "insert", "update", "delete"]],
  ["used_signature", ["select", "insert", "update", "delete"]],
  ["outbox", ["select", "insert", "update", "delete"]],
  ["dead_letter", ["select", "insert", "update", "delete"]],
  ["schedule", ["select", "insert", "update", "delete"]],
  ["occurrence", ["select", "insert", "update", "delete"]],
  ["timer_run", ["select", "insert", "update"]],
  ["metric_count", ["select", "insert", "update"]],
  ["spend_count", ["select", "insert", "update"]],
  ["spend_day", ["select", "insert", "update", "delete"]],
  ["budget_turn", ["select", "insert", "update"]],
  ["budget_notice", ["select", "insert", "delete"]],
  ["budget_standing", ["select", "insert", "update", "delete"]],
  ["trtc_call", ["select", "insert", "update"]],
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
    tables: await readTables(query),
  };
}

/** Reads the catalogue and the sizes of files, and no row of a table. */
async function readTables(query: Query): Promise<TableSize[]> {
  const names = NEEDED.map(([table]) => table);
  const rows = await run(
    query,
    sql`select relname, pg_total_relation_size(oid)::float8 as bytes,
            greatest(0, reltuples)::float8 as rows
     from pg_class where oid = any (
       select to_regclass(name) from unnest(${names}::text[]) as name
     )
     order by bytes desc, relname`,
  );
  return rows.map((row) => ({
    table: String(row["relname"]),
    bytes: Number(row["bytes"]),
    rows: Number(row["rows"]),
  }));
}

/**
 * Privileges that the functions need and this role lacks, such as `insert on ingest`. A missing table
 * lacks nothing: the migration creates it.
 */
export async function readLacking(query: Query): Promise<string[]> {
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
