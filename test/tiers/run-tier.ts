/**
 * `npm test` and `npm run test:all`: types, lint and format, and the suites of the tiers. Each failed test
 * is printed once more at the end. The last line says what was left out, and why.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { systemClock as clock } from "../../shared/clock.js";
import { missingPrograms } from "../support/programs.js";
import { failuresIn } from "./failures.js";
import { outcomeFile, readOutcome, skippedIn } from "./outcome.js";
import { allSuites, LEFT_OUT, ROOT, type Tier, tierOf } from "./tiers.js";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Checked {
  isGood: boolean;
  /** What the check says, where it fails. */
  report: string;
}

/** Runs a script of package.json. */
async function check(script: string): Promise<Checked> {
  const startedMs = clock.elapsedMs();
  const child = spawn("npm", ["run", "--silent", script], { cwd: ROOT, shell: isWindows });
  const output: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  const seconds = Math.round((clock.elapsedMs() - startedMs) / 1000);
  say(`${script}: ${code === 0 ? "good" : "FAILED"} (${seconds} s)`);
  return { isGood: code === 0, report: code === 0 ? "" : `${script}:\n${output.join("")}` };
}

/** Two checks at a time, for two cores. */
async function checkAll(): Promise<Checked> {
  const inTurn = async () => [
    await check("types"),
    await check("lint:format"),
    await check("lint:unused"),
  ];
  const [code, others] = await Promise.all([check("lint:code"), inTurn()]);
  const all = [code, ...others];
  return {
    isGood: all.every(({ isGood }) => isGood),
    report: all.map(({ report }) => report).join(""),
  };
}

const isWindows = process.platform === "win32";

/** `npm test` tries a tenth of the random cases, and so does `npm run test:all` on a slow machine. */
type Cases = "all" | "tenth";

/** A machine that needs longer for the same work needs hours for the slow tier with all cases. */
const BUSY_MAX_MS = 350;

/** The shortest of three times for the same work: 170 ms on the machine of docs/testing.md. */
function busyMs(): number {
  const times = [1, 2, 3].map(() => {
    const startedMs = clock.elapsedMs();
    let sum = 0;
    for (let step = 0; step < 200_000_000; step += 1) sum += step;
    return sum > 0 ? clock.elapsedMs() - startedMs : Number.NaN;
  });
  return Math.round(Math.min(...times));
}

function casesHere(): Cases {
  const ms = busyMs();
  const cases = ms <= BUSY_MAX_MS ? "all" : "tenth";
  say(
    `random cases of this tier: ${cases} (a loop takes ${ms} ms here, and at most ${BUSY_MAX_MS} ms for all)`,
  );
  return cases;
}

async function runSuites(tier: Tier, TEST_CASES: Cases): Promise<boolean> {
  const alone = tier === "timed" ? ["--runInBand"] : [];
  const options = ["--selectProjects", tier, "--json", "--outputFile", outcomeFile(tier), ...alone];
  const child = spawn("npm", ["run", "--silent", "jest", "--", ...options], {
    cwd: ROOT,
    env: { ...process.env, TEST_CASES },
    stdio: "inherit",
    shell: isWindows,
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code === 0;
}

const skipped = (tiers: readonly Tier[]): string[] =>
  tiers.flatMap((tier) => {
    const outcome = readOutcome(tier);
    return outcome ? skippedIn(outcome) : [];
  });

const failures = (tiers: readonly Tier[]): string =>
  tiers.flatMap((tier) => failuresIn(tier, readOutcome(tier))).join("\n");

/** The last line of a run. */
function summary(tiers: readonly Tier[]): string {
  const suites = allSuites();
  const run = suites.filter((suite) => tiers.includes(tierOf(suite)));
  const missing = missingPrograms();
  const without = missing.length > 0 ? ` (not installed: ${missing.join(", ")})` : "";
  if (tiers.length === 1) {
    const left = LEFT_OUT.join(", ");
    const count = `fast tier: ${run.length} suites of ${suites.length}`;
    return `${count}; the rest (${left}): npm run test:all${without}`;
  }
  const skips = skipped(tiers);
  const said = skips.length > 0 ? `skipped tests in ${skips.join(", ")}` : "0 skipped";
  return `all tiers: ${run.length} suites of ${suites.length}; ${said}${without}`;
}

/** Suites wait for timers and servers, so the checks run beside them. What failed is said last. */
async function runFast(): Promise<boolean> {
  const [checked, isGood] = await Promise.all([checkAll(), runSuites("fast", "tenth")]);
  say(failures(["fast"]));
  say(checked.report);
  say(summary(["fast"]));
  return checked.isGood && isGood;
}

async function runAll(): Promise<boolean> {
  const tiers: readonly Tier[] = ["fast", "slow", "timed"];
  const checked = await checkAll();
  say(checked.report);
  if (!checked.isGood) return false;
  const results: boolean[] = [];
  for (const tier of tiers) results.push(await runSuites(tier, casesHere()));
  say(failures(tiers));
  say(summary(tiers));
  // Where CI is set, nobody reads what was skipped.
  const isCi = (process.env["CI"] ?? "") !== "";
  return results.every(Boolean) && !(isCi && skipped(tiers).length > 0);
}

const RUNS: Readonly<Record<string, () => Promise<boolean>>> = { fast: runFast, all: runAll };
const run = RUNS[process.argv[2] ?? ""];
if (!run) throw new Error("Say which tier to run: fast or all");
process.exitCode = (await run()) ? 0 : 1;
