/** What Jest writes with `--json`, as far as a tier needs it. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT, type Tier } from "./tiers.js";

export interface Outcome {
  success: boolean;
  numTotalTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    /** Why the suite failed, as Jest prints it. */
    message: string;
    startTime: number;
    endTime: number;
    assertionResults: {
      status: string;
      ancestorTitles: string[];
      title: string;
      failureMessages: string[];
    }[];
  }[];
}

const fileOf = (tier: Tier): string => join(ROOT, `node_modules/.cache/tests/${tier}.json`);

/** The file that Jest writes its outcome to. An outcome of an earlier run is removed. */
export function outcomeFile(tier: Tier): string {
  const file = fileOf(tier);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  return file;
}

/** Undefined when the tier has not run to its end. */
export function readOutcome(tier: Tier): Outcome | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(tier), "utf8")) as Outcome;
  } catch {
    return undefined;
  }
}

export const skippedIn = ({ testResults }: Outcome): string[] =>
  testResults
    .filter(({ assertionResults }) =>
      assertionResults.some(({ status }) => status === "pending" || status === "todo"),
    )
    .map(({ name }) => relative(ROOT, name));

export const secondsIn = ({ testResults }: Outcome): Map<string, number> =>
  new Map(
    testResults.map(({ name, startTime, endTime }) => [
      relative(ROOT, name),
      (endTime - startTime) / 1000,
    ]),
  );
