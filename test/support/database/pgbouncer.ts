/** A real PgBouncer in transaction mode, in front of the run's PostgreSQL. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../local/environment/free-port.js";
import { systemClock } from "../../../shared/clock.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { PGBOUNCER } from "../programs.js";

export interface PgBouncer {
  /** The same database, through the pooler. */
  urlOf: (databaseUrl: string) => string;
  close: () => Promise<void>;
}

/** PgBouncer refuses to run as root. */
const NOBODY = 65534;

/** `settings`: lines of pgbouncer.ini, besides those that every test needs. */
export async function startPgBouncer(
  settings: Record<string, string | number>,
): Promise<PgBouncer> {
  const server = new URL(process.env["TEST_POSTGRES"] ?? "");
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-pgbouncer-"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(directory, NOBODY, NOBODY);
  const all = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    // Accepts every client, as the user in the database's line.
    auth_type: "any",
    pool_mode: "transaction",
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const target = `* = host=${server.hostname} port=${server.port} user=${server.username}`;
  const ini = join(directory, "pgbouncer.ini");
  writeFileSync(ini, ["[databases]", target, "[pgbouncer]", ...lines, ""].join("\n"));
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const child = spawn(PGBOUNCER ?? "pgbouncer", ["-q", ini], {
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe"],
    ...as,
  });
  const said: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const urlOf = (databaseUrl: string) => {
    const url = new URL(databaseUrl);
    url.port = String(port);
    return url.href;
  };
  await untilItAnswers(urlOf(server.href), child, said);
  return {
    urlOf,
    async close() {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string, child: ChildProcess, said: string[]): Promise<void> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt += 1) {
    const database = openPostgres(url, { connectionsMax: 1 });
    const isThere = await database.query("select 1").then(
      () => true,
      () => false,
    );
    await database.close();
    if (isThere) return;
    await systemClock.sleep(50);
  }
  throw new Error(`PgBouncer does not answer: ${said.join("")}`);
}
