/** `npm run bench`: every measurement that docs/benchmarks.md quotes, in one run and one table. */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { progressOn } from "../local/terminal/progress.js";
import { runUntilSignal } from "../local/terminal/run-until-signal.js";
import { systemClock } from "../shared/clock.js";
import { checkBudget, KEPT_RUNS, keepBudget, type Verdict } from "./budget.js";
import { benchCold } from "./measures/cold.js";
import { benchDeadlines } from "./measures/deadlines.js";
import type { Bench } from "./measure.js";
import { type Results, type Section, unmeasuredIn } from "./results.js";
import { benchScheduled } from "./measures/scheduled.js";
import { benchNetwork } from "./network/network.js";
import { benchMonth } from "./measures/old-rows/month.js";
import { benchOldRows } from "./measures/old-rows/old-rows.js";
import { benchSigning } from "./measures/signing.js";
import { openStage, type Stage } from "./stage.js";
import { benchStore } from "./store.js";
import { tableOf } from "./table.js";
import { benchWarm } from "./measures/warm.js";

const HELP = `Measures the functions and their simplest alternatives, on a PostgreSQL and a TRTC emulator that it
starts itself. Takes about nine minutes. A missed goal is not an error.

  npm run bench [-- flags]

  --only <list>  some of: cold,warm,network,store,deadlines,scheduled,signing
                 cold     an empty process, our start function, and the one from Tencent's documentation
                 warm     our own cost of a start, and starts a second
                 network  a start whose TRTC is 30 ms away, behind TLS, and whose database is 1 ms away
                 store    describe and list, claims, slots and lateness, with 1,000,000 rows stored
                 deadlines  2,000 within two minutes, and 1,200 at one instant, handled by four processes
                 scheduled  200 scheduled starts, handled by four processes
                 signing  compared with tls-sig-api-v2 and the SDK's signer
                 old-rows  only on demand: hot statements with 10,000 and ROWS=1000000 ended rows; a server
                           named by OLD_ROWS_SERVER keeps its rows for the next run
                 month    only on demand: a month of starts and ends, and what vacuum makes of it
  --quick        fewer rounds and rows, in a minute: tests the bench, not the speed
  --json         one JSON object instead of the table
  --check        exit 1 when a ratio is worse than the committed one (bench/budget.json) by more than its noise
  --keep         measures ${KEPT_RUNS} times, and writes the medians to bench/budget.json
  --help
`;

const PARTS: Readonly<Record<string, (bench: Bench) => Promise<Section[]>>> = {
  cold: benchCold,
  warm: benchWarm,
  network: benchNetwork,
  store: benchStore,
  deadlines: async (bench) => [await benchDeadlines(bench)],
  scheduled: async (bench) => [await benchScheduled(bench)],
  signing: benchSigning,
  "old-rows": benchOldRows,
  month: benchMonth,
};

/** The others take minutes to store their rows. */
const USUAL = Object.keys(PARTS).filter((part) => !["old-rows", "month"].includes(part));

interface Flags {
  help: boolean;
  json: boolean;
  quick: boolean;
  check: boolean;
  keep: boolean;
  only: string[];
}

async function main(): Promise<void> {
  const { help, json, quick, check, keep, only } = readFlags();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const runs: Results[] = [];
  while (runs.length < (keep ? KEPT_RUNS : 1)) {
    const results = await measuredHere(only, quick);
    runs.push(results);
    process.stdout.write(`${json ? JSON.stringify(results) : tableOf(results)}\n`);
    const unmeasured = unmeasuredIn(results);
    if (unmeasured.length > 0) report({ isKept: false, lines: ["not measured", ...unmeasured] });
    if (check) report(checkBudget(results));
  }
  if (keep) keepBudget(runs);
}

async function measuredHere(parts: readonly string[], quick: boolean): Promise<Results> {
  const sections = await measured(parts, quick);
  const cpu = cpus()[0]?.model.trim() ?? "unknown";
  return { node: process.version, cpu, cores: availableParallelism(), quick, sections };
}

/** On stderr, so that `--json` stays one object. */
function report({ isKept, lines }: Verdict): void {
  process.stderr.write(`\n${lines.join("\n")}\n`);
  if (!isKept) process.exitCode = 1;
}

/** However the run ends, everything that it started ends too. */
async function measured(parts: readonly string[], quick: boolean): Promise<Section[]> {
  const progress = progressOn(process.stderr, systemClock);
  let opened: Promise<Stage> | undefined;
  const measureAll = async () => {
    const sections: Section[] = [];
    for (const part of parts) {
      const show = (line: string) => {
        progress.show(`${part}: ${line}`);
      };
      const stage = () => {
        if (!opened) show("starting PostgreSQL and the emulator");
        return (opened ??= openStage());
      };
      sections.push(...((await PARTS[part]?.({ stage, quick, show })) ?? []));
    }
    return sections;
  };
  const signalled = runUntilSignal().then(() => {
    throw new Error("ended by a signal");
  });
  try {
    return await Promise.race([measureAll(), signalled]);
  } finally {
    progress.end();
    // A stage that failed to open has closed its parts and reported the error.
    await opened?.then(({ close }) => close()).catch(() => undefined);
  }
}

function readFlags(): Flags {
  const flag = { type: "boolean", default: false } as const;
  const { help, json, quick, check, keep, only } = parseArgs({
    options: {
      help: { ...flag, short: "h" },
      json: flag,
      quick: flag,
      check: flag,
      keep: flag,
      only: { type: "string", default: USUAL.join(",") },
    },
  }).values;
  const parts = [...new Set(only.split(",").map((part) => part.trim()))];
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown}: choose from ${Object.keys(PARTS).join(", ")}`);
  }
  if (check && keep) throw new Error("--check compares, and --keep writes: send one of them");
  return { help, json, quick, check, keep, only: parts };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // A measurement may still be running.
  process.exit(1);
});
