/**
 * Brings a database to the newest version, while it is in use: all migrations in one transaction,
 * so that whatever goes wrong leaves nothing half done. An advisory lock of the transaction lets
 * one run in and others wait, then find nothing left to do.
 */
import { SECOND_MS } from "../../clock.js";
import type { Database, Query } from "../engine/database.js";
import { CODE_VERSION, type Migration, MIGRATIONS } from "./migrations.js";
import { type DatabaseVersion, readVersion, versionFault } from "./version.js";

/** Any fixed number: it names this lock among all users of the database. */
const LOCK_KEY = 7_271_900_722;

/**
 * A statement that waits for a table makes everybody behind it wait as well, also those who could
 * go on: so it gives up long before the functions' own time-outs of 10 s.
 */
const LOCK_TIMEOUT_MS = 3 * SECOND_MS;

/** PostgreSQL's code for a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = "55P03";

/** For the operator: says what is wrong, and what to do. */
class MigrationError extends Error {
  override readonly name = "MigrationError";
}

export interface MigrationPlan {
  found: DatabaseVersion;
  /** What `migrate` would apply, in its order. */
  due: Migration[];
}

/** Changes nothing. */
export async function planMigration(
  { query }: Pick<Database, "query">,
  migrations = MIGRATIONS,
): Promise<MigrationPlan> {
  const found = await readVersion(query, newest(migrations));
  return { found, due: migrations.filter(({ version }) => version > found.version) };
}

export interface MigrateOptions {
  migrations?: readonly Migration[];
  /** Called when another run is under way, which is waited for. */
  onWait?: () => void;
}

/**
 * The migrations that ran now. Throws MigrationError when a table's lock was not to be had, or
 * when the database is newer than this code can work with; nothing has been changed then.
 */
export async function migrate(
  database: Database,
  { migrations = MIGRATIONS, onWait = () => undefined }: MigrateOptions = {},
): Promise<Migration[]> {
  return database.transaction(async (query) => {
    // Whatever the role or the database usually has: building an index may take its time.
    await query("set local statement_timeout = 0");
    await query("set local lock_timeout = 0");
    await enter(query, onWait);
    await query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await prepareLedger(query, migrations);
    const { found, due } = await planMigration({ query }, migrations);
    for (const migration of due) await apply(query, migration);
    const fault = due.length > 0 ? undefined : versionFault(found, newest(migrations));
    if (fault !== undefined) throw new MigrationError(fault);
    return due;
  });
}

async function enter(query: Query, onWait: () => void): Promise<void> {
  const [row] = await query("select pg_try_advisory_xact_lock($1) as entered", [LOCK_KEY]);
  if (row?.["entered"] === true) return;
  onWait();
  await query("select pg_advisory_xact_lock($1)", [LOCK_KEY]);
}

/** Ledgers from before `works_with` get it now; one that is complete is not locked. */
async function prepareLedger(query: Query, migrations: readonly Migration[]): Promise<void> {
  const [row] = await query(
    `select exists (
       select from pg_attribute
       where attrelid = to_regclass('schema_migration') and attname = 'works_with'
     ) as complete`,
  );
  if (row?.["complete"] === true) return;
  await query(`
    create table if not exists schema_migration (
      version     integer primary key,
      name        text not null,
      applied_at  timestamptz not null default now()
    )`);
  await query("alter table schema_migration add column works_with integer");
  for (const { version, worksWith } of migrations) {
    await query("update schema_migration set works_with = $2 where version = $1", [
      version,
      worksWith,
    ]);
  }
}

async function apply(query: Query, { version, name, sql, worksWith }: Migration): Promise<void> {
  for (const statement of statementsOf(sql)) {
    await query(statement).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      throw new MigrationError(
        `Migration ${version} (${name}) waited ${LOCK_TIMEOUT_MS / SECOND_MS} s for a table that another transaction holds, and gave up so that nobody has to wait behind it. Nothing was changed: run it again, at a quieter time if this comes again; pg_stat_activity shows transactions that have been open for long`,
        { cause: error },
      );
    });
  }
  await query("insert into schema_migration (version, name, works_with) values ($1, $2, $3)", [
    version,
    name,
    worksWith,
  ]);
}

/** One at a time: an extended-protocol query carries only one. */
export const statementsOf = (sql: string): string[] =>
  sql
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");

const newest = (migrations: readonly Migration[]): number =>
  migrations.at(-1)?.version ?? CODE_VERSION;
