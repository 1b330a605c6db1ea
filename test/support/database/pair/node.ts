/**
 * One PostgreSQL of a pair, from Debian's package: the npm package has no `pg_basebackup`. It runs
 * without rights, listens on loopback only and trusts every local user.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "../../../../local/environment/free-port.js";
import { systemClock as clock } from "../../../../shared/clock.js";
import { POSTGRES_BIN } from "../../programs.js";

export interface PairNode {
  port: number;
  urlOf: (database: string) => string;
  /** Sends one statement on a connection of its own. */
  ask: (statement: string) => Promise<Record<string, unknown>[]>;
  /** Starts on an empty folder, as the first primary. */
  init: () => Promise<void>;
  /** Starts on a fresh copy of another node, and follows it. */
  follow: (primary: PairNode) => Promise<void>;
  /** SIGKILL to the postmaster and to each of its processes. */
  kill: () => Promise<void>;
  /** Its processes of a kind, such as `walreceiver`. */
  processesOf: (kind: string) => number[];
}

/** PostgreSQL refuses to run as root. Any account without rights works. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

/**
 * The files outlive a killed process in the memory of the machine, so nothing waits for the disk.
 * A commit still waits for the standby.
 */
const SETTINGS = [
  "fsync=off",
  "full_page_writes=off",
  "synchronous_commit=on",
  "wal_level=replica",
  "hot_standby=on",
  "wal_keep_size=256MB",
  "wal_retrieve_retry_interval=200ms",
  "unix_socket_directories=",
  "listen_addresses=127.0.0.1",
  "max_connections=200",
];

export async function makeNode(directory: string, name: string): Promise<PairNode> {
  const data = join(directory, name);
  const port = await freePort();
  let postmaster: ChildProcess | undefined;
  const run = (program: string, args: string[]) =>
    promisify(execFile)(join(POSTGRES_BIN ?? "", program), args, { cwd: directory, ...as });
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const ask = async (statement: string) => {
    const client = new pg.Client({ connectionString: urlOf("postgres") });
    // A node may be killed at any moment. The statement then fails as well.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const start = async () => {
    const options = SETTINGS.flatMap((setting) => ["-c", setting]);
    const args = ["-D", data, "-p", String(port), ...options];
    const program = join(POSTGRES_BIN ?? "", "postgres");
    postmaster = spawn(program, args, { cwd: directory, stdio: "ignore", ...as });
    await untilItAnswers(ask, postmaster);
  };
  const children = (): number[] => {
    const pid = String(postmaster?.pid);
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return pids === "" ? [] : pids.split(" ").map(Number);
  };
  return {
    port,
    urlOf,
    ask,
    async init() {
      if (isRoot) chownSync(directory, NOBODY, NOBODY);
      await run("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]);
      await start();
    },
    async follow(primary) {
      rmSync(data, { recursive: true, force: true });
      const from = ["-h", "127.0.0.1", "-p", String(primary.port), "-U", "postgres"];
      await run("pg_basebackup", [...from, "-D", data, "-X", "stream", "-R", "-c", "fast", "-N"]);
      await start();
    },
    async kill() {
      if (!postmaster || postmaster.exitCode !== null || postmaster.signalCode !== null) return;
      const exit = once(postmaster, "exit");
      const pids = children();
      postmaster.kill("SIGKILL");
      pids.forEach(killHard);
      await exit;
    },
    processesOf: (kind) =>
      children().filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(kind)),
  };
}

function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended with its postmaster.
  }
}

async function untilItAnswers(ask: PairNode["ask"], postmaster: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (postmaster.exitCode !== null) throw new Error(`PostgreSQL ended: ${postmaster.exitCode}`);
    const isThere = await ask("select 1").then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await clock.sleep(50);
  }
  throw new Error("PostgreSQL did not answer within 30 s");
}
