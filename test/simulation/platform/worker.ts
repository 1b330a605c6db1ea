/** One core's share of the seeds: a process of its own, told what to do by run-seeds.ts. */
import { openTestPglite } from "../../support/database/databases.js";
import { BUGS } from "../bugs.js";
import { failureText, plainCoverage, type Replay } from "../report.js";
import { simulate } from "../simulation.js";

export interface Share extends Replay {
  from: number;
  /** The first seed that is not simulated any more. */
  until: number;
  step: number;
}

export interface Told {
  seeds: number;
  coverage: [string, [string, number][]][];
  /** By check, what broke it. */
  failures: { seed: number; check: string; text: string }[];
}

async function simulateShare({ from, until, step, ...replay }: Share): Promise<void> {
  const database = replay.store === "sql" ? await openTestPglite() : undefined;
  const patch = replay.bug === undefined ? undefined : BUGS[replay.bug];
  for (let seed = from; seed < until; seed += step) {
    const verdict = await simulate({ seed, database, patch });
    const { violation, coverage } = verdict;
    const text = failureText(verdict, replay);
    const failures = violation ? [{ seed, check: violation.check, text }] : [];
    tell({ seeds: 1, coverage: plainCoverage(coverage), failures });
    // A seed is one long turn: others of this process want theirs.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await database?.close();
}

function tell(told: Told): void {
  process.send?.(told);
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
