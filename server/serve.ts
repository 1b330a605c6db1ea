/** `npm run serve`: the functions as one server, until SIGINT or SIGTERM. */
import { parseArgs } from "node:util";
import { SECOND_MS, systemClock } from "../shared/clock.js";
import { environment, type Environment } from "../shared/config/environment.js";
import type { DatabaseAddress } from "../shared/config/database/address.js";
import { namedIn, readDatabaseAddresses } from "../shared/config/database/addresses.js";
import { consoleLog } from "../shared/log.js";
import { openToMigrate } from "../shared/store/engine/postgres.js";
import { migrate } from "../shared/store/schema/migrate.js";
import { explainBusyPort, readPort } from "../local/terminal/port.js";
import { runUntilSignal } from "../local/terminal/run-until-signal.js";
import { terminalLog } from "../local/terminal/terminal-log.js";
import { out, runMain } from "../local/terminal/terminal.js";
import { startServer } from "./server.js";

const HELP = `Runs the functions and their timers as one server on PostgreSQL, without a cloud's functions.

  npm run serve -- [--migrate]

  --migrate             bring the database to the newest version first; several servers may do so at once

  DATABASE_URL          the PostgreSQL
  DATABASE_URLS         those of accounts that are elsewhere
  HOST                  the address to listen on (127.0.0.1; in a container 0.0.0.0)
  PORT                  the port to listen on (3000; 0: any free one)
  DATABASE_CONNECTIONS  connections to each database at most (10)

The functions' own variables (CALLERS, TRTC_APPS, …) are in docs/configuration.md. SIGTERM drains: the
server is not ready any more, finishes what is under way, and ends within 10 s.
`;

/** The longest that a drain may take. What is not done then stays due for another server. */
const END_MS = 10 * SECOND_MS;

async function main(): Promise<void> {
  const options = {
    help: { type: "boolean", short: "h" },
    migrate: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    out(HELP);
    return;
  }
  const env = environment();
  const signalled = runUntilSignal();
  if (values.migrate) await migrateFirst(env);
  const server = await startServer({
    env,
    host: env["HOST"] || "127.0.0.1",
    port: readPort(env, "PORT", 3000),
    connections: readConnections(env),
    log: process.stdout.isTTY ? terminalLog(out, systemClock) : consoleLog,
  }).catch(explainBusyPort("PORT"));
  out(`ready ${server.url}`);
  await signalled;
  out("draining: it ends within 10 s; SIGTERM again ends it at once");
  await Promise.race([server.drain(), systemClock.sleep(END_MS)]);
  process.exit();
}

async function migrateFirst(env: Environment): Promise<void> {
  const addresses = readDatabaseAddresses(env);
  if (addresses.length === 0) throw new Error("DATABASE_URL is not set: a server needs PostgreSQL");
  for (const { name, address } of addresses) await migrateOne(address, namedIn(addresses, name));
}

async function migrateOne(address: DatabaseAddress, prefix: string): Promise<void> {
  const database = openToMigrate(address);
  try {
    const applied = await migrate(database, {
      onWait: () => out(`${prefix}another server is migrating: waiting for it`),
    });
    for (const { version, name } of applied) out(`${prefix}applied ${version} ${name}`);
  } finally {
    await database.close();
  }
}

function readConnections({ DATABASE_CONNECTIONS: text = "" }: Environment): number {
  if (text === "") return 10;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new Error("DATABASE_CONNECTIONS must be a number from 1 to 999");
}

runMain(main);
