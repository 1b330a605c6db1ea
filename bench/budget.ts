/**
 * The ratios that are committed in budget.json, so that a change that makes something slower is seen.
 * Ratios of one run are comparable between machines; times are not.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../shared/clock.js";
import { median } from "./measure.js";
import { type Better, ratiosOf, type Results } from "./results.js";
import { ROOT } from "./stage.js";

const FILE = join(ROOT, "bench", "budget.json");

/** How many runs `--keep` measures. */
export const KEPT_RUNS = 5;

/** What a quieter or busier machine changes, beyond what the runs showed. */
const NOISE_MIN = { full: 0.15, quick: 1.5 };

interface Kept {
  value: number;
  /** The part of `value` by which a run may be worse. */
  noise: number;
  better: Better;
}

interface Budget extends Pick<Results, "node" | "cpu" | "cores"> {
  date: string;
  ratios: Readonly<Record<string, Kept>>;
}

type Form = "full" | "quick";
const formOf = ({ quick }: Pick<Results, "quick">): Form => (quick ? "quick" : "full");

const readBudgets = (): Partial<Record<Form, Budget>> =>
  JSON.parse(readFileSync(FILE, "utf8")) as Partial<Record<Form, Budget>>;

export interface Verdict {
  isKept: boolean;
  lines: string[];
}

/** A line for each committed ratio of the sections of the run. One that is gone is no success. */
export function checkBudget(results: Results, budgets = readBudgets()): Verdict {
  const budget = budgets[formOf(results)];
  const measured = new Map(ratiosOf(results).map(({ key, value }) => [key, value]));
  const titles = results.sections.map(({ title }) => `${title}: `);
  const checked = Object.entries(budget?.ratios ?? {})
    .filter(([key]) => titles.some((title) => key.startsWith(title)))
    .map(([key, kept]) => verdictOn(key, measured.get(key) ?? Number.NaN, kept));
  if (!budget || checked.length === 0) {
    const why = "budget.json has no ratio of these measurements: npm run bench -- --keep";
    return { isKept: false, lines: [why] };
  }
  const { date, cpu } = budget;
  const head = `compared with ${date}, ${cpu}`;
  return {
    isKept: checked.every(({ isKept }) => isKept),
    lines: [head, ...checked.map(({ line }) => line)],
  };
}

function verdictOn(key: string, value: number, { value: before, noise, better }: Kept) {
  const bound = better === "less" ? before * (1 + noise) : before / (1 + noise);
  // NaN is no success.
  const isKept = better === "less" ? value <= bound : value >= bound;
  const word = better === "less" ? "at most" : "at least";
  const figures = `${number(value)}, ${word} ${number(bound)} (was ${number(before)})`;
  return { isKept, line: `  ${isKept ? "kept " : "WORSE"}  ${key}: ${figures}` };
}

const number = (value: number): string => value.toFixed(2);

/** Writes the medians of these runs. Other ratios stay as they are. */
export function keepBudget(runs: readonly Results[], file = FILE): void {
  const [first] = runs;
  if (!first) return;
  const form = formOf(first);
  const budgets = JSON.parse(readFileSync(file, "utf8")) as Partial<Record<Form, Budget>>;
  const ratios = Object.fromEntries(
    ratiosOf(first).map(({ key, better }) => {
      const values = runs.flatMap((run) =>
        ratiosOf(run).flatMap((ratio) => (ratio.key === key ? [ratio.value] : [])),
      );
      return [key, keptOf(values, better, NOISE_MIN[form])];
    }),
  );
  const { node, cpu, cores } = first;
  const date = systemClock.now().toISOString().slice(0, 10);
  const budget: Budget = {
    node,
    cpu,
    cores,
    date,
    ratios: { ...budgets[form]?.ratios, ...ratios },
  };
  writeFileSync(file, `${JSON.stringify({ ...budgets, [form]: budget }, null, 2)}\n`);
}

function keptOf(values: readonly number[], better: Better, noiseMin: number): Kept {
  const value = median(values);
  // A count, for example of throttled calls: no run may have one, whatever the noise.
  if (value === 0) return { value, noise: noiseMin, better };
  const worst = better === "less" ? Math.max(...values) / value : value / Math.min(...values);
  return { value: round(value), noise: round(Math.max(noiseMin, 2 * (worst - 1))), better };
}

const round = (value: number): number => Number(value.toPrecision(3));
