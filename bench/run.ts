/** `npm run bench`: every measurement that docs/benchmarks.md quotes, in one run and one table. */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { progressOn } from "../local/terminal/progress.js";
import { runUntilSignal } from "../local/terminal/run-until-signal.js";
import { systemClock } from "../shared/clock.js";
import { benchCold } from "./measures/cold.js";
import { benchDeadlines } from "./measures/deadlines.js";
import type { Bench } from "./measure.js";
import type { Results, Section } from "./results.js";
import { benchScheduled } from "./measures/scheduled.js";
import { benchSigning } from "./measures/signing.js";
import { openStage, type Stage } from "./stage.js";
import { benchStore } from "./store.js";
import { tableOf } from "./table.js";
import { benchWarm } from "./measures/warm.js";

const HELP = `Measures the functions and their simplest alternatives, on a PostgreSQL and a TRTC emulator that it
starts itself. Takes about nine minutes. A missed goal is not an error.

  npm run bench [-- flags]

  --only <list>  some of: cold,warm,store,deadlines,scheduled,signing
                 cold     an empty process, our start function, and the one from Tencent's documentation
                 warm     our own cost of a start, and starts a second
                 store    describe and list, claims, slots and lateness, with 1,000,000 rows stored
                 deadlines  2,000 within two minutes, and 1,200 at one instant, handled by four processes
                 scheduled  200 scheduled starts, handled by four processes
                 signing  compared with tls-sig-api-v2 and the SDK's signer
  --quick        fewer rounds and rows, in a minute: tests the bench, not the speed
  --json         one JSON object instead of the table
  --help
`;

const PARTS: Readonly<Record<string, (bench: Bench) => Promise<Section[]>>> = {
  cold: benchCold,
  warm: benchWarm,
  store: benchStore,
  deadlines: async (bench) => [await benchDeadlines(bench)],
  scheduled: async (bench) => [await benchScheduled(bench)],
  signing: benchSigning,
};

interface Flags {
  help: boolean;
  json: boolean;
  quick: boolean;
  only: string[];
}

async function main(): Promise<void> {
  const { help, json, quick, only } = readFlags();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const sections = await measured(only, quick);
  const cpu = cpus()[0]?.model.trim() ?? "unknown";
  const node = process.version;
  const results: Results = { node, cpu, cores: availableParallelism(), quick, sections };
  process.stdout.write(`${json ? JSON.stringify(results) : tableOf(results)}\n`);
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
  const { help, json, quick, only } = parseArgs({
    options: {
      help: { ...flag, short: "h" },
      json: flag,
      quick: flag,
      only: { type: "string", default: Object.keys(PARTS).join(",") },
    },
  }).values;
  const parts = [...new Set(only.split(",").map((part) => part.trim()))];
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown}: choose from ${Object.keys(PARTS).join(", ")}`);
  }
  return { help, json, quick, only: parts };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // A measurement may still be running.
  process.exit(1);
});
