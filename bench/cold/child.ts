/** Starts child.cjs and reads what it reports. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { ROOT } from "../stage.js";

const CHILD = join(ROOT, "bench", "cold", "child.cjs");

export interface ColdStart {
  /** From the spawn to the line that the process prints when it is ready. */
  wallMs: number;
  /** Inside the process: the time to load the module, and to the first answer. */
  loadMs?: number;
  firstMs?: number;
  /** Each further answer. */
  warmMs: number[];
  /** The process's largest memory use. */
  rssMb: number;
}

export async function childStart(args: string[], env: Environment): Promise<ColdStart> {
  const startedMs = systemClock.elapsedMs();
  const child = spawn(process.execPath, [CHILD, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors, wallMs] = ["", "", Number.NaN];
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (Number.isNaN(wallMs) && output.includes("\nready\n")) {
      wallMs = systemClock.elapsedMs() - startedMs;
    }
  });
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const figures = /\nready\n(.+)\n$/.exec(output)?.[1];
  if (figures === undefined) throw new Error(`A cold start ended without an answer: ${errors}`);
  return { wallMs, ...(JSON.parse(figures) as Omit<ColdStart, "wallMs">) };
}
