/** Runs many seeds on all cores: processes share the seeds, and their results are summed up. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Coverage } from "./faults.js";
import { addCoverage, type Replay } from "./report.js";
import type { Share, Told } from "./platform/worker.js";

const WORKER = fileURLToPath(new URL("./platform/worker.ts", import.meta.url));

/** In megabytes. Nearly all that a seed makes is short-lived, and with this room little is copied. */
const ROOM_FOR_THE_YOUNG = ["--min-semi-space-size=16"];

export interface SeedRun extends Replay {
  from: number;
  seeds: number;
  jobs: number;
  /** Continues after a failed seed. */
  all: boolean;
  onProgress: (done: number) => void;
}

export interface SeedResult {
  done: number;
  coverage: Coverage;
  failures: Told["failures"];
}

/** Rejects when a process ends before its share is done. */
export async function runSeeds(run: SeedRun): Promise<SeedResult> {
  const result: SeedResult = { done: 0, coverage: new Map(), failures: [] };
  const ending = new AbortController();
  const hear = (message: Told): void => {
    result.done += message.seeds;
    addCoverage(result.coverage, message.coverage);
    result.failures.push(...message.failures);
    run.onProgress(result.done);
    if (result.failures.length > 0 && !run.all) ending.abort();
  };
  const { from, seeds, jobs, store, bug } = run;
  const shares = Array.from({ length: Math.min(jobs, seeds) }, (_, index) => ({
    from: from + index,
    until: from + seeds,
    step: jobs,
    store,
    bug,
  }));
  await Promise.all(shares.map((share) => simulateElsewhere(share, hear, ending.signal)));
  return result;
}

function simulateElsewhere(
  share: Share,
  hear: (message: Told) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER, { execArgv: [...process.execArgv, ...ROOM_FOR_THE_YOUNG] });
    child.on("message", (message) => hear(message as Told));
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0 || signal.aborted) resolve();
      else reject(new Error(`a process of the simulation ended with ${code ?? "a signal"}`));
    });
    signal.addEventListener("abort", () => child.kill(), { once: true });
    child.send(share);
  });
}
