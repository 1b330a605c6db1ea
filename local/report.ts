/** `npm run report`: the record of what became of the ingests, and how late their stops were. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../shared/clock.js";
import { type Environment, environment } from "../shared/config.js";
import type { Database } from "../shared/store/database.js";
import { openPglite } from "../shared/store/pglite.js";
import { openPostgres } from "../shared/store/postgres.js";
import { readReport } from "../shared/store/report.js";
import { readVersion, versionFault } from "../shared/store/version.js";
import { readDatabaseAddress } from "../shared/validation/database-address.js";
import { withEnvFile } from "./env-file.js";
import { HELP, readFlags } from "./report/command-line.js";
import { tablesOf } from "./report/tables.js";
import { SNAPSHOTS } from "./snapshots.js";

/** It reads every row there is. */
const QUERY_TIMEOUT_MS = 10 * 60_000;

async function main(): Promise<void> {
  const now = systemClock.now();
  const { help, json, ...wanted } = readFlags(process.argv.slice(2), now);
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const database = await open(withEnvFile(environment()));
  try {
    const fault = versionFault(await readVersion(database.query));
    if (fault !== undefined) throw new Error(fault);
    const report = await readReport(database.query, { ...wanted, now });
    const told = { since: wanted.since, now, ...report };
    process.stdout.write(json ? `${JSON.stringify(told, null, 2)}\n` : tablesOf(told));
  } finally {
    await database.close();
  }
}

async function open(env: Environment): Promise<Database> {
  const address = readDatabaseAddress(env);
  if (address) {
    return openPostgres(address, { connectionsMax: 1, queryTimeoutMs: QUERY_TIMEOUT_MS });
  }
  const directory = join(env["DATA_DIR"] || ".data", "postgres");
  if (!existsSync(directory)) {
    throw new Error(
      `there is nothing to report: DATABASE_URL is not set, and there is no ${directory}`,
    );
  }
  return openPglite({ directory, snapshotDirectory: SNAPSHOTS });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
