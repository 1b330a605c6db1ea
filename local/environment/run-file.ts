/**
 * The run of `npm start`, for other commands on this machine: a file in DATA_DIR that only its user
 * can read. It holds the key of the run's desk (desk.ts).
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Environment } from "../../shared/config/environment.js";
import { isAlive } from "../../shared/store/engine/directory-lock.js";
import { readPort } from "../terminal/port.js";

export interface Run {
  pid: number;
  /** The gateway's address. */
  url: string;
  trtcUrl: string;
  /** The key that the desk requires. */
  key: string;
}

/** A function without a URL takes its events at this path plus its name. */
export const EVENTS_PATH = "/_local/events/";

export const DESK_PATH = "/_local/desk/";

const PATIENCE_MS = 5000;

export const dataDirectoryOf = (env: Environment): string => env["DATA_DIR"] || ".data";

export const runFileOf = (env: Environment): string => join(dataDirectoryOf(env), "run.json");

/** Returns a function that removes the file, but not another run's file. */
export async function writeRunFile(path: string, run: Run): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await rm(partial, { force: true });
  await writeFile(partial, JSON.stringify(run), { mode: 0o600, flag: "wx" });
  await rename(partial, path);
  return async () => {
    const current = await readRunFile(path);
    if (current?.key === run.key) await rm(path, { force: true });
  };
}

/** The run of this DATA_DIR. A file of a killed process does not count. */
export async function findRun(env: Environment): Promise<Run | undefined> {
  const run = await readRunFile(runFileOf(env));
  if (!run || !isAlive(run.pid)) return undefined;
  const about = await askDesk(run, "about").catch(() => undefined);
  // Another process may have the same pid now, and another program the port.
  return (about as { pid?: unknown } | undefined)?.pid === run.pid ? run : undefined;
}

/** Returns the desk's answer. Throws an Error that says what went wrong. */
export async function askDesk(run: Run, what: string, body: object = {}): Promise<unknown> {
  const answer = await fetch(new URL(`${DESK_PATH}${what}`, run.url), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${run.key}` },
    body: JSON.stringify(body),
    ...(what === "about" && { signal: AbortSignal.timeout(PATIENCE_MS) }),
  });
  const result = (await answer.json()) as { message?: string };
  if (answer.ok) return result;
  throw new Error(result.message ?? `npm start answers ${answer.status}`);
}

async function readRunFile(path: string): Promise<Run | undefined> {
  try {
    const { pid, url, trtcUrl, key } = JSON.parse(await readFile(path, "utf8")) as Partial<Run>;
    const isWhole = [url, trtcUrl, key].every((text) => typeof text === "string");
    return isWhole && Number.isInteger(pid) ? ({ pid, url, trtcUrl, key } as Run) : undefined;
  } catch {
    return undefined;
  }
}

/** The address of the functions: the PORT that is set, or the run's port. */
export async function gatewayOf(env: Environment): Promise<string> {
  const runUrl = (await findRun(env))?.url;
  return whereOf(env, { variable: "PORT", usual: 3000, runUrl });
}

/** A port that is set takes precedence. 0 means any free port, so it does not count. */
export function whereOf(
  env: Environment,
  { variable, usual, runUrl }: { variable: string; usual: number; runUrl: string | undefined },
): string {
  const port = readPort(env, variable, 0);
  if (port !== 0) return `http://127.0.0.1:${port}`;
  return runUrl ?? `http://127.0.0.1:${usual}`;
}
