/** `npm run migrate`: brings the database of DATABASE_URL to the newest version. */
import { parseArgs } from "node:util";
import { environment } from "../shared/config/environment.js";
import { withEnvFile } from "../local/environment/env-file.js";
import type { Database } from "../shared/store/engine/database.js";
import { migrate, planMigration } from "../shared/store/schema/migrate.js";
import { openToMigrate } from "../shared/store/engine/postgres.js";
import {
  CODE_VERSION,
  type DatabaseVersion,
  versionFault,
} from "../shared/store/schema/version.js";
import { readDatabaseAddress } from "../shared/config/database-address.js";
import { runMain } from "../local/terminal/terminal.js";

const HELP = `Brings the PostgreSQL that DATABASE_URL names to the newest version. Safe to run at any time, also
while the functions run and before new ones are deployed: each version works with the previous code.

  DATABASE_URL=postgres://… npm run migrate [-- --dry-run]

  --dry-run  prints the pending migrations with their SQL, and changes nothing
  --help

DATABASE_URL may also stand in .env; the shell's variables take precedence. DATABASE_CA holds the
certificate of the database's own authority, if it has one. Everything is one transaction: if it fails
or is interrupted, nothing has changed.
`;

const out = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { "dry-run": { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const address = readDatabaseAddress(withEnvFile(environment()));
  if (!address) throw new Error("DATABASE_URL is not set");
  const database = openToMigrate(address);
  try {
    await (values["dry-run"] ? show(database) : run(database));
  } finally {
    await database.close();
  }
}

async function run(database: Database): Promise<void> {
  const applied = await migrate(database, {
    onWait: () => out("another run is migrating: waiting for it"),
  });
  for (const { version, name } of applied) out(`applied ${version} ${name}`);
  if (applied.length > 0) return;
  out(upToDate((await planMigration(database)).current));
}

async function show(database: Database): Promise<void> {
  const { current, due } = await planMigration(database);
  if (due.length === 0) {
    const fault = versionFault(current);
    if (fault !== undefined) throw new Error(fault);
    out(upToDate(current));
    return;
  }
  for (const { version, name, sql } of due)
    out(`-- would apply ${version} ${name}\n${sql.trim()}\n`);
  const wouldBe = due.map(({ version }) => version).join(", ");
  out(
    `-- the database is at version ${current.version}; would apply: ${wouldBe}; nothing was changed`,
  );
}

const upToDate = ({ version }: DatabaseVersion): string =>
  version === CODE_VERSION
    ? "the database is up to date"
    : `the database is at version ${version}, newer than this checkout's ${CODE_VERSION}, and works with it: nothing to apply`;

runMain(main);
