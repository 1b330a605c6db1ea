/** Which suite belongs to which tier. slow-suites.json has what the fast tier leaves out. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import slowSuites from "./slow-suites.json" with { type: "json" };

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A tier is a project of jest.config.cjs. */
export type Tier = "fast" | "slow" | "timed";

/** What the fast tier leaves out, in words. */
export const LEFT_OUT = Object.keys(slowSuites);

/** Files, and folders with a slash at their end. */
export const SLOW: readonly string[] = Object.values(slowSuites).flat();

/** They measure time, so they run alone. */
const TIMED: readonly string[] = slowSuites["one at a time"];

export const allSuites = (): string[] =>
  readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `test/${file}`)
    .sort();

export function tierOf(suite: string): Tier {
  const isListed = (path: string) => (path.endsWith("/") ? suite.startsWith(path) : suite === path);
  if (TIMED.some(isListed)) return "timed";
  return SLOW.some(isListed) ? "slow" : "fast";
}
