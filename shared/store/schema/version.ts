/**
 * Whether this code and a database fit together. A migration says which older code works with it,
 * so functions can be rolled back while the database stays.
 */
import { ApiError } from "../../contract/errors.js";
import type { Database, Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

/**
 * The number of the newest migration; a test compares them. A function needs this number only, so
 * its bundle holds no migration.
 */
export const CODE_VERSION = 30;

export interface DatabaseVersion {
  /** The number of its newest migration; 0: it was never migrated. */
  version: number;
  /** The oldest code that works with its migrations that are newer than ours; 0: none is newer. */
  worksWith: number;
}

const NEVER_MIGRATED: DatabaseVersion = { version: 0, worksWith: 0 };

/** PostgreSQL's code for a missing table. */
const UNDEFINED_TABLE = "42P01";

/** One statement, which also reads an old ledger without the column: `->>` needs no column. */
export async function readVersion(
  query: Query,
  codeVersion = CODE_VERSION,
): Promise<DatabaseVersion> {
  try {
    const [row] = await run(
      query,
      sql`select coalesce(max(version), 0)::int as version,
              coalesce(
                max(coalesce((to_jsonb(applied) ->> 'works_with')::int, version))
                  filter (where version > ${codeVersion}),
                0)::int as works_with
       from schema_migration as applied`,
    );
    return { version: Number(row?.["version"]), worksWith: Number(row?.["works_with"]) };
  } catch (error) {
    if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return NEVER_MIGRATED;
    throw error;
  }
}

/** What is wrong and what to do, as a sentence for the operator; `undefined`: they fit. */
export function versionFault(
  { version, worksWith }: DatabaseVersion,
  codeVersion = CODE_VERSION,
): string | undefined {
  if (version < codeVersion) {
    const never = version === 0 ? " (it was never migrated)" : "";
    return `The database is at version ${version}${never}, this code needs ${codeVersion}: run \`npm run migrate\` with this DATABASE_URL`;
  }
  if (worksWith <= codeVersion) return undefined;
  return `The database is at version ${version}, which needs code of version ${worksWith} or newer, and this code is of version ${codeVersion}: deploy the functions anew from a newer checkout`;
}

/**
 * A database whose version is checked with its first statement, and not before. So a refused
 * request never opens a connection, even when a flood of requests starts many instances. The check
 * costs an instance one round trip, once. A start asks for it early, so that it runs while the SDK
 * loads. After a failed check the next statement checks again, so a running instance recovers when
 * the operator migrates.
 *
 * Throws `ServiceUnavailable`, which only tells the caller to try again. The reason is in its
 * detail, for the log.
 */
export function versionChecked(database: Database, codeVersion = CODE_VERSION): Database {
  let checked: Promise<void> | undefined;
  const ready = () => {
    checked ??= requireFit(database.query, codeVersion).catch((error: unknown) => {
      checked = undefined;
      throw error;
    });
    return checked;
  };
  return {
    ready,
    async query(text, parameters, planning) {
      await ready();
      return database.query(text, parameters, planning);
    },
    async transaction(work) {
      await ready();
      return database.transaction(work);
    },
    close: () => database.close(),
  };
}

async function requireFit(query: Query, codeVersion: number): Promise<void> {
  const fault = versionFault(await readVersion(query, codeVersion), codeVersion);
  if (fault !== undefined) throw new ApiError("ServiceUnavailable", undefined, { detail: fault });
}
