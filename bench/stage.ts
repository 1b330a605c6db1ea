/**
 * The environment of the measurements: a real, migrated PostgreSQL and the emulator. The emulator
 * is a separate process, so that its processor time does not count. Both live as long as the run.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type PostgresServer, startPostgres } from "../local/environment/postgres-server.js";
import { type Environment, environment } from "../shared/config/environment.js";
import type { Database } from "../shared/store/engine/database.js";
import { migrate } from "../shared/store/schema/migrate.js";
import { openPostgres } from "../shared/store/engine/postgres.js";
import { EMULATOR_CONFIG } from "./accounts.js";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Stage {
  /** A folder that is removed after the run. */
  folder: string;
  trtcUrl: string;
  /** Creates a migrated database of this name and returns its URL. */
  newDatabase: (name: string) => Promise<string>;
  close: () => Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const closings: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const close of closings.reverse()) await close();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), "trtc-stream-ingest-bench-"));
    closings.push(() => rm(folder, { recursive: true, force: true }));
    const postgres = await startPostgres();
    closings.push(() => postgres.stop());
    const emulator = await startEmulatorProcess(folder);
    closings.push(emulator.end);
    const newDatabase = (name: string) => createDatabase(postgres, name);
    return { folder, trtcUrl: emulator.url, newDatabase, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createDatabase({ urlOf }: PostgresServer, name: string): Promise<string> {
  await using(urlOf("postgres"), ({ query }) => query(`create database ${name}`));
  await using(urlOf(name), migrate);
  return urlOf(name);
}

/** One connection for the duration of `work`. */
export async function using<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = openPostgres(url, { connectionsMax: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

async function startEmulatorProcess(folder: string): Promise<Started> {
  const config = join(folder, "emulator.json");
  await writeFile(config, JSON.stringify(EMULATOR_CONFIG));
  return startScript("local/emulator.ts", {
    flags: ["--port", "0", "--quiet", "--config", config],
  });
}

export interface Started {
  /** From its `ready` line. */
  url: string;
  isRunning: () => boolean;
  end: () => Promise<void>;
}

/** Starts a process and waits until it is ready. Its later output is dropped. */
export async function startScript(
  script: string,
  { flags = [], env = {} }: { flags?: string[]; env?: Environment },
): Promise<Started> {
  const child = spawn(process.execPath, ["--import", "tsx", script, ...flags], {
    cwd: ROOT,
    env: { ...environment(), ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const ready = /^ready (\S+)$/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`${script} ended with ${code ?? "a signal"} before it was ready`));
    });
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return { url, isRunning, end: () => ended(child) };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => {
      resolve();
    });
    child.kill("SIGTERM");
  });
}
