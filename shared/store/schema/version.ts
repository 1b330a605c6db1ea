/**
 * Whether this code and a database fit together. Code works on a newer database if each migration
 * that it does not know says so itself: that is what lets functions be rolled back.
 */
import { ApiError } from "../../contract/errors.js";
import type { Database, Query } from "../engine/database.js";
import { CODE_VERSION } from "./migrations.js";

export interface DatabaseVersion {
  /** The newest migration that it has; 0: it was never migrated. */
  version: number;
  /** The oldest code that works with all of its migrations that are newer than ours; 0: none is. */
  worksWith: number;
}

const NEVER_MIGRATED: DatabaseVersion = { version: 0, worksWith: 0 };

/** PostgreSQL's code for a table that is not there. */
const UNDEFINED_TABLE = "42P01";

/** One statement, which also reads a ledger from before it had the column: `->>` asks for no column. */
export async function readVersion(
  query: Query,
  codeVersion = CODE_VERSION,
): Promise<DatabaseVersion> {
  try {
    const [row] = await query(
      `select coalesce(max(version), 0)::int as version,
              coalesce(
                max(coalesce((to_jsonb(applied) ->> 'works_with')::int, version))
                  filter (where version > $1),
                0)::int as works_with
       from schema_migration as applied`,
      [codeVersion],
    );
    return { version: Number(row?.["version"]), worksWith: Number(row?.["works_with"]) };
  } catch (error) {
    if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return NEVER_MIGRATED;
    throw error;
  }
}

/** What is wrong and what to do, in a sentence for the operator; `undefined`: they fit. */
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
 * A database that is not touched before its version has been found to fit. That is asked with the
 * first statement and not before it: a request that is refused at the door never opens a
 * connection, however many instances a flood of them starts. It costs an instance one round trip,
 * once; a start asks for it ahead, so that connecting and checking go along with loading the SDK.
 * What did not fit is asked again by the next statement, so that a running instance heals
 * when somebody migrates.
 *
 * Throws `ServiceUnavailable`, which tells the caller nothing but to come again; what is wrong is
 * in its detail, for the log.
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
    async query(text, parameters) {
      await ready();
      return database.query(text, parameters);
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
