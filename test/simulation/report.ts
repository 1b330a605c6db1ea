/** The report of a run: failures and how to repeat them, or the number of faults of each kind. */
import { type Coverage, count } from "./faults.js";
import type { Verdict } from "./simulation.js";

/** The number of events shown for a failure; --trace shows all of them. */
const LINES = 60;

export interface Replay {
  store: "model" | "sql";
  bug?: string | undefined;
  /** A year of schedules, on the model. */
  schedules?: boolean;
}

const replayCommand = (seed: number, { store, bug, schedules }: Replay): string =>
  `npm run simulate -- ${schedules === true ? "--schedules " : ""}--seed ${seed} --store ${store}${bug === undefined ? "" : ` --bug "${bug}"`} --trace`;

export function failureText(
  { seed, violation, history, setting }: Verdict,
  replay: Replay,
): string {
  if (!violation) return "";
  return [
    `seed ${seed} broke "${violation.check}":`,
    `  ${history.shortened(violation.seen)}`,
    `  ${setting}`,
    ...history.tell(violation.about.length === 0 ? undefined : violation.about, LINES),
    `see all of it: ${replayCommand(seed, replay)}`,
  ].join("\n");
}

export function traceText({ seed, violation, history, setting }: Verdict): string {
  const verdict = violation
    ? `broke "${violation.check}": ${history.shortened(violation.seen)}`
    : "kept every promise";
  return [`seed ${seed}: ${setting}`, ...history.tell(undefined, Infinity), verdict].join("\n");
}

export function addCoverage(sum: Coverage, part: Iterable<readonly [string, [string, number][]]>) {
  for (const [boundary, kinds] of part) {
    for (const [kind, times] of kinds) count(sum, boundary, kind, times);
  }
}

/** In the form of a message between processes. */
export const plainCoverage = (coverage: Coverage): [string, [string, number][]][] =>
  [...coverage].map(([boundary, kinds]) => [boundary, [...kinds]]);

/** A line for each boundary: the number of crossings and of each fault. */
export function coverageText(coverage: Coverage): string {
  const names = [...coverage.keys()].sort();
  const width = Math.max(...names.map((name) => name.length));
  return names
    .map((name) => {
      const kinds = [...(coverage.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      const well = kinds.find(([kind]) => kind === "none")?.[1];
      const faults = kinds.filter(([kind]) => kind !== "none");
      const counts = faults.map(([kind, times]) => `${kind} ${times.toLocaleString("en")}`);
      const first = well === undefined ? [] : [`well ${well.toLocaleString("en")}`];
      return `${name.padEnd(width)}  ${[...first, ...counts].join(" · ")}`;
    })
    .join("\n");
}
