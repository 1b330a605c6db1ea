/** `npm run simulate`: runs thousands of seeds on all cores, or shows one seed event by event. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { bar, progressOn } from "../../local/terminal/progress.js";
import { systemClock } from "../../shared/clock.js";
import { openTestPglite } from "../support/database/databases.js";
import { BUGS } from "./bugs.js";
import { coverageText, failureText, type Replay, traceText } from "./report.js";
import { runSeeds } from "./run-seeds.js";
import { SCHEDULE_BUGS } from "./schedules/bugs.js";
import { simulateYear } from "./schedules/year.js";
import { simulate } from "./simulation.js";

const HELP = `Runs the real use cases against TRTC's emulator and a store, all by one seeded clock, with faults at every
boundary, and checks over the whole history what docs/promises.md promises. Exit 1 when a seed breaks a promise.

  npm run simulate [-- flags]

  --seeds <n>      how many (1000)
  --from <n>       the first of them (1)
  --store <which>  model: in memory, hundreds of seeds a second (the default)
                   sql: the real statements on PostgreSQL in the process, a few a second
  --jobs <n>       processes at once (as many as there are cores)
  --schedules      a year of schedules for each seed, on the model
  --all            go on after a seed that broke something, and tell the first of each promise
  --seed <n>       this one alone
  --trace          with --seed: every event
  --bug <name>     with a deliberate bug: ${Object.keys(BUGS).join("; ")}
                   in a year: ${Object.keys(SCHEDULE_BUGS).join("; ")}
  --help
`;

interface Flags extends Replay {
  help: boolean;
  all: boolean;
  schedules: boolean;
  trace: boolean;
  from: number;
  seeds: number;
  jobs: number;
  seed: number | undefined;
}

const out = (text: string) => process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  const flags = readFlags();
  if (flags.help) process.stdout.write(HELP);
  else if (flags.schedules) await years(flags);
  else if (flags.seed !== undefined) await one(flags.seed, flags);
  else await many(flags);
}

async function one(seed: number, flags: Flags): Promise<void> {
  const database = flags.store === "sql" ? await openTestPglite() : undefined;
  const patch = flags.bug === undefined ? undefined : BUGS[flags.bug];
  const verdict = await simulate({ seed, database, patch });
  await database?.close();
  if (flags.trace) out(traceText(verdict));
  else out(verdict.violation ? failureText(verdict, flags) : `seed ${seed} kept every promise`);
  if (verdict.violation) process.exitCode = 1;
}

/** One after the other, as each is a year. */
async function years(flags: Flags): Promise<void> {
  const first = flags.seed ?? flags.from;
  const count = flags.seed === undefined ? flags.seeds : 1;
  const patch = flags.bug === undefined ? undefined : SCHEDULE_BUGS[flags.bug];
  for (let seed = first; seed < first + count; seed += 1) {
    const startedMs = usedMs();
    const verdict = await simulateYear({
      seed,
      patch,
      ...(flags.trace && { historyMost: Infinity }),
    });
    const seconds = ((usedMs() - startedMs) / 1000).toFixed(1);
    if (flags.trace) out(traceText(verdict));
    else if (verdict.violation) out(failureText(verdict, flags));
    else out(`year ${seed} kept every promise (${seconds} s of CPU)`);
    if (!verdict.violation) continue;
    process.exitCode = 1;
    if (!flags.all) return;
  }
}

const usedMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function many(flags: Flags): Promise<void> {
  const progress = progressOn(process.stderr, systemClock);
  const startedMs = systemClock.elapsedMs();
  const rateOf = (done: number) =>
    `${((done * 1000) / Math.max(1, systemClock.elapsedMs() - startedMs)).toFixed(1)} a second`;
  const { done, failures, coverage } = await runSeeds({
    ...flags,
    onProgress: (seeds) => {
      progress.show(
        `${bar(seeds / flags.seeds)} ${seeds} of ${flags.seeds} seeds, ${rateOf(seeds)}`,
      );
    },
  });
  progress.end();
  out(coverageText(coverage));
  const firsts = new Map(failures.toReversed().map((failure) => [failure.check, failure]));
  for (const { check, text } of firsts.values()) {
    const times = failures.filter((failure) => failure.check === check).length;
    out(`\n${times > 1 ? `${times} seeds, the first of them: ` : ""}${text}`);
  }
  const seconds = Math.round((systemClock.elapsedMs() - startedMs) / 1000);
  out(
    `\n${done} seeds on ${flags.store} in ${seconds} s (${rateOf(done)}): ${failures.length} broke a promise`,
  );
  if (failures.length > 0) process.exitCode = 1;
}

function readFlags(): Flags {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    options: {
      help: { ...flag, short: "h" },
      all: flag,
      schedules: flag,
      trace: flag,
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      jobs: { type: "string" },
      seed: { type: "string" },
      bug: { type: "string" },
      store: { type: "string", default: "model" },
    },
  });
  const { help, all, schedules, trace, store, bug, seed } = values;
  if (store !== "model" && store !== "sql") throw new Error("--store is model or sql");
  if (bug !== undefined && !Object.hasOwn(schedules ? SCHEDULE_BUGS : BUGS, bug)) {
    throw new Error(
      `--bug ${bug}: choose from ${Object.keys(schedules ? SCHEDULE_BUGS : BUGS).join("; ")}`,
    );
  }
  if (trace && seed === undefined) throw new Error("--trace needs --seed: the one to tell");
  const jobs = values.jobs ?? String(availableParallelism());
  return {
    help,
    all,
    schedules,
    trace,
    store,
    bug,
    seeds: wholeNumber("--seeds", values.seeds),
    from: wholeNumber("--from", values.from),
    jobs: wholeNumber("--jobs", jobs),
    seed: seed === undefined ? undefined : wholeNumber("--seed", seed),
  };
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`${flag} ${text}: send a whole number from 1 on`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
