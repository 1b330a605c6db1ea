/** `trtc-ingest migrate`: brings the database of DATABASE_URL to the newest version. */
import type { Command } from "commander";
import { withEnvFile } from "../local/environment/env-file.js";
import type { Database } from "../shared/store/engine/database.js";
import { migrate as applyMigrations, planMigration } from "../shared/store/schema/migrate.js";
import { openToMigrate } from "../shared/store/engine/postgres.js";
import {
  CODE_VERSION,
  type DatabaseVersion,
  versionFault,
} from "../shared/store/schema/version.js";
import { readDatabaseAddresses } from "../shared/config/database/addresses.js";
import { type CommandModule, newCommand, parse } from "../local/terminal/command.js";
import { type Io, print } from "../local/terminal/io.js";

const DESCRIPTION = `Brings the PostgreSQL that DATABASE_URL names to the newest version. Safe to run at any time, also
while the functions run and before new ones are deployed: each version works with the previous code.

With DATABASE_URLS it does so with each of the databases, one after the other.

The variables may also stand in .env; the shell's take precedence. DATABASE_CA holds the certificate of
the database's own authority, if it has one. Each database has one transaction: if it fails or is
interrupted, nothing has changed in it.`;

const EXAMPLES = `
DATABASE_URL=postgres://… trtc-ingest migrate --dry-run
DATABASE_URL=postgres://… trtc-ingest migrate`;

const migrateCommand = (): Command =>
  newCommand("migrate", DESCRIPTION, EXAMPLES).option(
    "--dry-run",
    "print the pending migrations with their SQL, and change nothing",
  );

export const migrate: CommandModule = {
  command: migrateCommand,
  async run(args, io) {
    const flags = parse(migrateCommand(), args).flags as { dryRun?: boolean };
    const all = readDatabaseAddresses(withEnvFile(io.env));
    if (all.length === 0) throw new Error("DATABASE_URL is not set");
    for (const { name, address } of all) {
      if (all.length > 1) print(io, `${name}:`);
      const database = openToMigrate(address);
      try {
        await (flags.dryRun === true ? show(database, io) : apply(database, io));
      } finally {
        await database.close();
      }
    }
    return 0;
  },
};

async function apply(database: Database, io: Io): Promise<void> {
  const applied = await applyMigrations(database, {
    onWait: () => {
      print(io, "another run is migrating: waiting for it");
    },
  });
  for (const { version, name } of applied) print(io, `applied ${version} ${name}`);
  if (applied.length > 0) return;
  print(io, upToDate((await planMigration(database)).current));
}

async function show(database: Database, io: Io): Promise<void> {
  const { current, due } = await planMigration(database);
  if (due.length === 0) {
    const fault = versionFault(current);
    if (fault !== undefined) throw new Error(fault);
    print(io, upToDate(current));
    return;
  }
  for (const { version, name, sql } of due) {
    print(io, `-- would apply ${version} ${name}\n${sql.trim()}\n`);
  }
  const wouldBe = due.map(({ version }) => version).join(", ");
  print(
    io,
    `-- the database is at version ${current.version}; would apply: ${wouldBe}; nothing was changed`,
  );
}

const upToDate = ({ version }: DatabaseVersion): string =>
  version === CODE_VERSION
    ? "the database is up to date"
    : `the database is at version ${version}, newer than this checkout's ${CODE_VERSION}, and works with it: nothing to apply`;
