/** `npm run migrate`: brings the database that DATABASE_URL names to the newest version. */
import { parseArgs } from "node:util";
import { environment } from "../shared/config.js";
import { migrate } from "../shared/store/migrate.js";
import { openPostgres } from "../shared/store/postgres.js";

const HELP = `Brings the PostgreSQL that DATABASE_URL names to the newest version. Safe to run at any time.

  DATABASE_URL=postgres://… npm run migrate
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const url = environment()["DATABASE_URL"];
  if (url === undefined || url === "") throw new Error("DATABASE_URL is not set");
  const database = openPostgres(url);
  try {
    const applied = await migrate(database);
    for (const { version, name } of applied) process.stdout.write(`applied ${version} ${name}\n`);
    if (applied.length === 0) process.stdout.write("the database is up to date\n");
  } finally {
    await database.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
