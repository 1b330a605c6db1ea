/** A process that runs one core's share of the seeds; run-seeds.ts starts it. */
import { openTestPglite } from "../../support/database/databases.js";
import { BUGS } from "../bugs.js";
import { failureText, plainCoverage, type Replay } from "../report.js";
import { simulate } from "../simulation.js";

export interface Share extends Replay {
  from: number;
  /** The seed after the last one. */
  until: number;
  step: number;
}

export interface Told {
  seeds: number;
  coverage: [string, [string, number][]][];
  /** The failures, by check. */
  failures: { seed: number; check: string; text: string }[];
}

/** Most errors are faults that a seed draws, and nothing reads where they arose. `--seed` tells it. */
Error.stackTraceLimit = 0;

async function simulateShare({ from, until, step, ...replay }: Share): Promise<void> {
  const database = replay.store === "sql" ? await openTestPglite() : undefined;
  const patch = replay.bug === undefined ? undefined : BUGS[replay.bug];
  for (let seed = from; seed < until; seed += step) {
    const verdict = await simulate({ seed, database, patch });
    const { violation, coverage } = verdict;
    const text = failureText(verdict, replay);
    const failures = violation ? [{ seed, check: violation.check, text }] : [];
    tell({ seeds: 1, coverage: plainCoverage(coverage), failures });
    // A seed is one long turn of the event loop, so other work of this process runs here.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await database?.close();
}

function tell(message: Told): void {
  process.send?.(message);
}

process.once("message", (share: Share) => {
  simulateShare(share).then(
    () => process.disconnect(),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? "") : String(error)}\n`);
      process.exit(1);
    },
  );
});
