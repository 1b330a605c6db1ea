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
import { benchSigning } from "./measures/signing.js";
import { openStage, type Stage } from "./stage.js";
import { benchStore } from "./store.js";
import { tableOf } from "./table.js";
import { benchWarm } from "./measures/warm.js";

const HELP = `Measures the functions beside what one would write or use instead, on a PostgreSQL and an
emulator of TRTC that it starts itself. Takes some eight minutes; a goal that is missed is no error.

  npm run bench [-- flags]

  --only <list>  some of: cold,warm,store,deadlines,signing
                 cold     an empty process, our start function, and the one from Tencent's documentation
                 warm     our own cost of a start, and starts a second
                 store    describe and list, claims, slots and lateness, with 1,000,000 rows stored
                 deadlines  2,000 within two minutes, and 1,200 at one instant, kept by four processes
                 signing  beside tls-sig-api-v2 and the SDK's signer
  --quick        fewer rounds and rows, in a minute: whether it works, rather than how fast
  --json         one JSON object instead of the table
  --help
`;

const PARTS: Readonly<Record<string, (bench: Bench) => Promise<Section[]>>> = {
  cold: benchCold,
  warm: benchWarm,
  store: benchStore,
  deadlines: async (bench) => [await benchDeadlines(bench)],
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

/** Whatever ends the run: what was started for it ends as well. */
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
    // One that did not open has cleaned up after itself, and has said why.
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
  // A measurement may still be under way.
  process.exit(1);
});
