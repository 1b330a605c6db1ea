/** `npm start` as a process of its own, as a user runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Environment } from "../../../shared/config/environment.js";

export interface RunningProcess {
  /** From its `ready` line. */
  url: string;
  lines: string[];
  child: ChildProcess;
  /** Resolves with its exit code, or the signal that ended it. */
  end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals>;
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Jest's own flags are for Jest: a process of ours starts without them. */
const ENVIRONMENT = { ...process.env, NODE_OPTIONS: "" };

export const spawnScript = (
  script: string,
  env: Environment = {},
  args: string[] = [],
  nodePath = process.execPath,
) =>
  spawn(nodePath, ["--import", "tsx", script, ...args], {
    cwd: ROOT,
    env: { ...ENVIRONMENT, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });

export async function startProcess(
  script: string,
  env: Environment,
  args: string[] = [],
): Promise<RunningProcess> {
  const child = spawnScript(script, env, args);
  const lines: string[] = [];
  const errors: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      lines.push(line);
      const ready = /^ready (\S+)$/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once("exit", (code) => {
      reject(new Error(`${script} ended with ${code ?? "a signal"}: ${errors.join("")}`));
    });
  });
  return {
    url,
    lines,
    child,
    async end(signal) {
      const exit = once(child, "exit") as Promise<[number | null, NodeJS.Signals]>;
      child.kill(signal);
      const [code, by] = await exit;
      return code ?? by;
    },
  };
}

/** Runs a script to its end. */
export async function runScript(
  script: string,
  env: Environment = {},
  args: string[] = [],
  nodePath = process.execPath,
) {
  const child = spawnScript(script, env, args, nodePath);
  const output: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output: output.join("") };
}
