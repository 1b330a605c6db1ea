/** The table of docs/testing.md: each suite, its tier, its seconds, and what it proves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allSuites, ROOT, tierOf } from "./tiers.js";

const TABLE = /(?<=<!-- suites -->\n)[^]*?(?=\n<!-- end of suites -->)/;
const ROW = /^\| `(?<suite>[^`]+)` \| (?<tier>\w+) \| (?<seconds>[^|]*) \| (?<proves>.*) \|$/gm;

export const TESTING_PAGE = join(ROOT, "docs/testing.md");

export interface Row {
  suite: string;
  tier: string;
  seconds: string;
  proves: string;
}

export const rowsIn = (page: string): Row[] =>
  [...page.matchAll(ROW)].map(({ groups = {} }) => ({
    suite: groups["suite"] ?? "",
    tier: groups["tier"] ?? "",
    seconds: groups["seconds"] ?? "",
    proves: groups["proves"] ?? "",
  }));

/** The comment at the head of a test file, on one line. */
export const headOf = (source: string): string =>
  (/^\/\*\*(?<head>[^]*?)\*\//.exec(source)?.groups?.["head"] ?? "")
    .replace(/\s*\n \* ?/g, " ")
    .replaceAll("|", "\\|")
    .trim();

/** The page with a row for each suite of the tree. A suite that has not run keeps its seconds. */
export function pageWithTable(page: string, secondsOf: ReadonlyMap<string, number>): string {
  const before = new Map(rowsIn(page).map(({ suite, seconds }) => [suite, seconds]));
  const rows = allSuites().map((suite) => {
    const measured = secondsOf.get(suite)?.toFixed(1);
    const proves = headOf(readFileSync(join(ROOT, suite), "utf8"));
    return `| \`${suite}\` | ${tierOf(suite)} | ${measured ?? before.get(suite) ?? ""} | ${proves} |`;
  });
  const head = ["| suite | tier | seconds | what it proves |", "| --- | --- | --- | --- |"];
  return page.replace(TABLE, () => [...head, ...rows].join("\n"));
}
