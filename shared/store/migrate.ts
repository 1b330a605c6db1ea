/**
 * Brings a database to the newest version. Safe when two instances start at once: an advisory
 * lock of the transaction lets one in and the other wait, then find nothing left to do.
 */
import type { Database, Query } from "./database.js";
import { type Migration, MIGRATIONS } from "./migrations/index.js";

/** Any fixed number: it names this lock among all users of the database. */
const LOCK_KEY = 7_271_900_722;

/** The migrations that ran now. */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Migration[]> {
  return database.transaction(async (query) => {
    await query("select pg_advisory_xact_lock($1)", [LOCK_KEY]);
    await query(`
      create table if not exists schema_migration (
        version     integer primary key,
        name        text not null,
        applied_at  timestamptz not null default now()
      )`);
    const version = await versionOf(query);
    const due = migrations.filter((migration) => migration.version > version);
    for (const migration of due) await apply(query, migration);
    return due;
  });
}

async function versionOf(query: Query): Promise<number> {
  const [row] = await query("select coalesce(max(version), 0) as version from schema_migration");
  return Number(row?.["version"] ?? 0);
}

async function apply(query: Query, { version, name, sql }: Migration): Promise<void> {
  // One statement at a time: an extended-protocol query carries only one. No migration holds a
  // semicolon inside a statement.
  for (const statement of sql.split(/;\s*$/m)) {
    if (statement.trim() !== "") await query(statement);
  }
  await query("insert into schema_migration (version, name) values ($1, $2)", [version, name]);
}
