/**
 * The failed tests of a tier, as text. A log that is cut keeps its end, so a run prints them there
 * once more.
 */
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Outcome } from "./outcome.js";
import { ROOT } from "./tiers.js";

/** The start of a message has a property's seed and counterexample, the end has the cause. */
const FIRST_LINES = 40;
const LAST_LINES = 20;

/** A counterexample may be one line of a megabyte. */
const LINE_SIGNS = 1000;

/** Lines of a stack trace that are the same for each test. */
const FOREIGN = /^\s+at .*\bnode_modules\//;

/** One text for each failed test. `undefined`: Jest wrote no outcome. */
export function failuresIn(tier: string, outcome: Outcome | undefined): string[] {
  if (!outcome) return [`FAILED ${tier}: its suites did not run to the end`];
  return outcome.testResults.flatMap((suite) => {
    const name = relative(ROOT, suite.name);
    const failed = suite.assertionResults.filter(({ status }) => status === "failed");
    // A suite fails without a failed test when it does not load, or when its last hook throws.
    if (failed.length === 0 && suite.status === "failed") return [failure(name, suite.message)];
    return failed.map(({ ancestorTitles, title, failureMessages }) =>
      failure([name, ...ancestorTitles, title].join(" › "), failureMessages.join("\n")),
    );
  });
}

const failure = (name: string, message: string): string =>
  `FAILED ${name}\n${shortened(stripVTControlCharacters(message)).join("\n")}\n`;

function shortened(message: string): string[] {
  const lines = message
    .trim()
    .split("\n")
    .filter((line) => !FOREIGN.test(line))
    .map((line) => `  ${line.slice(0, LINE_SIGNS)}${line.length > LINE_SIGNS ? "…" : ""}`);
  const leftOut = lines.length - FIRST_LINES - LAST_LINES;
  if (leftOut <= 0) return lines;
  return [
    ...lines.slice(0, FIRST_LINES),
    `  … ${leftOut} lines left out …`,
    ...lines.slice(-LAST_LINES),
  ];
}
