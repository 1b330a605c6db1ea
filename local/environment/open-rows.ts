/**
 * Opens the rows that a command works on. Those are the rows of DATABASE_URL, or of the run on this
 * machine. A running run answers itself; otherwise the command opens its database.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../shared/config/environment.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openPglite } from "../../shared/store/engine/pglite.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { versionChecked } from "../../shared/store/schema/version.js";
import type { DatabaseAddress } from "../../shared/config/database/address.js";
import { readDatabaseAddresses } from "../../shared/config/database/addresses.js";
import { askDesk, dataDirectoryOf, findRun } from "./run-file.js";
import { SNAPSHOTS } from "./snapshots.js";
import type { CommandResult } from "../terminal/terminal.js";

export type Rows = { close: () => Promise<void> } & (
  | { kind: "run"; ask: (args: readonly string[]) => Promise<CommandResult> }
  | { kind: "database"; database: Database; others: readonly NamedDatabase[] }
);

/** A database of DATABASE_URLS. */
export interface NamedDatabase {
  /** Its accounts. */
  name: string;
  url: string;
  database: Database;
}

interface OpenOptions {
  /** The command's name, as the run knows it. */
  what: "report" | "dead-letters" | "admin";
  /** Use the run of this machine, even if DATABASE_URL is set. */
  isLocal: boolean;
  postgres?: Parameters<typeof openPostgres>[1];
}

export async function openRows(env: Environment, options: OpenOptions): Promise<Rows> {
  const [main, ...elsewhere] = readDatabaseAddresses(env);
  const address = main?.address;
  if (address && !options.isLocal) {
    const others = elsewhere.map(({ name, address }) => {
      return { name, url: address.url, database: openAddress(address, options) };
    });
    return opened(openAddress(address, options), others);
  }
  const run = await findRun(env);
  if (run) {
    const ask = async (args: readonly string[]) =>
      (await askDesk(run, options.what, { args })) as CommandResult;
    return { kind: "run", ask, close: () => Promise.resolve() };
  }
  if (address) return opened(openAddress(address, options));
  const directory = join(dataDirectoryOf(env), "postgres");
  if (!existsSync(directory)) {
    throw new Error(
      `there are no rows to ${options.what === "report" ? "report" : "show"}: DATABASE_URL is not set, npm start does not run here, and there is no ${directory}`,
    );
  }
  return opened(await openPglite({ directory, snapshotDirectory: SNAPSHOTS }));
}

/** The report checks the schema version itself. */
function openAddress(address: DatabaseAddress, { what, postgres }: OpenOptions): Database {
  const database = openPostgres(address, postgres);
  return what === "report" ? database : versionChecked(database);
}

const opened = (database: Database, others: readonly NamedDatabase[] = []): Rows => ({
  kind: "database",
  database,
  others,
  async close() {
    await Promise.all(
      [database, ...others.map((other) => other.database)].map((one) => one.close()),
    );
  },
});
