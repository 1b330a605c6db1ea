/**
 * Brings a database in use to the newest version. All migrations run in one transaction, so a
 * failure leaves nothing half done. An advisory lock lets one run in; other runs wait for it and
 * then find nothing to do.
 */
import { SECOND_MS } from "../../clock.js";
import type { Database, Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";
import { type Migration, MIGRATIONS } from "./migrations.js";
import { CODE_VERSION, type DatabaseVersion, readVersion, versionFault } from "./version.js";

/** Any fixed number; it identifies this lock among all users of the database. */
const LOCK_KEY = 7_271_900_722;

/**
 * While a statement waits for a table's lock, all later statements wait behind it. So it gives up
 * long before the functions' own timeouts of 10 s.
 */
const LOCK_TIMEOUT_MS = 3 * SECOND_MS;

/** PostgreSQL's code for a lock that was not available in time. */
const LOCK_NOT_AVAILABLE = "55P03";

/** Tells the operator what is wrong and what to do. */
class MigrationError extends Error {
  override readonly name = "MigrationError";
}

export interface MigrationPlan {
  current: DatabaseVersion;
  /** The migrations that `migrate` would apply, in their order. */
  due: Migration[];
}

/** Changes nothing. */
export async function planMigration(
  { query }: Pick<Database, "query">,
  migrations = MIGRATIONS,
): Promise<MigrationPlan> {
  const current = await readVersion(query, newest(migrations));
  return { current, due: migrations.filter(({ version }) => version > current.version) };
}

export interface MigrateOptions {
  migrations?: readonly Migration[];
  /** Called when another run is in progress; this one waits for it. */
  onWait?: () => void;
}

/**
 * Returns the migrations that it applied. Throws MigrationError when a table's lock is not
 * available, or when the database is too new for this code. Nothing has changed then.
 */
export async function migrate(
  database: Database,
  { migrations = MIGRATIONS, onWait = () => undefined }: MigrateOptions = {},
): Promise<Migration[]> {
  return database.transaction(async (query) => {
    // Overrides the defaults of the role and the database: building an index may take long.
    await query("set local statement_timeout = 0");
    await query("set local lock_timeout = 0");
    await enter(query, onWait);
    await query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await prepareLedger(query, migrations);
    const { current, due } = await planMigration({ query }, migrations);
    for (const migration of due) await apply(query, migration);
    const fault = due.length > 0 ? undefined : versionFault(current, newest(migrations));
    if (fault !== undefined) throw new MigrationError(fault);
    return due;
  });
}

async function enter(query: Query, onWait: () => void): Promise<void> {
  const [row] = await run(query, sql`select pg_try_advisory_xact_lock(${LOCK_KEY}) as entered`);
  if (row?.["entered"] === true) return;
  onWait();
  await run(query, sql`select pg_advisory_xact_lock(${LOCK_KEY})`);
}

/** Adds `works_with` to an old ledger. A complete ledger is not locked. */
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
    await run(
      query,
      sql`update schema_migration set works_with = ${worksWith} where version = ${version}`,
    );
  }
}

async function apply(query: Query, migration: Migration): Promise<void> {
  const { version, name, worksWith } = migration;
  for (const statement of statementsOf(migration.sql)) {
    await query(statement).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      throw new MigrationError(
        `Migration ${version} (${name}) waited ${LOCK_TIMEOUT_MS / SECOND_MS} s for a table that another transaction holds, and gave up so that no other statement waits behind it. Nothing was changed: run it again, at a quieter time if this comes again; pg_stat_activity shows transactions that have been open for long`,
        { cause: error },
      );
    });
  }
  await run(
    query,
    sql`insert into schema_migration (version, name, works_with)
     values (${version}, ${name}, ${worksWith})`,
  );
}

/** A query of the extended protocol carries only one statement. A body between `$$` stays whole. */
export const statementsOf = (migration: string): string[] =>
  migration
    .split(/(\$\$[^]*?\$\$)/)
    .map((part) => (part.startsWith("$$") ? part : part.replace(/;\s*$/gm, END)))
    .join("")
    .split(END)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");

/** No migration has this character. */
const END = "\u0000";

const newest = (migrations: readonly Migration[]): number =>
  migrations.at(-1)?.version ?? CODE_VERSION;
