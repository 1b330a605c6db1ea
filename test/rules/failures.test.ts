/** What a run of tests prints at its end: each failed test once more, as a real Jest wrote it down. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { failuresIn } from "../tiers/failures.js";
import type { Outcome } from "../tiers/outcome.js";
import { ROOT } from "../tiers/tiers.js";

const FAST_CHECK = createRequire(join(ROOT, "package.json")).resolve("fast-check");

const SUITES: Readonly<Record<string, string>> = {
  "property.test.js": `
    const fc = require(${JSON.stringify(FAST_CHECK)});
    describe("numbers", () => {
      test("are few", () => {
        fc.assert(fc.property(fc.array(fc.integer()), (list) => expect(list.length).toBeLessThan(2)), { seed: 7 });
      });
      test("are good", () => {});
    });`,
  "long.test.js": `
    test("says much", () => {
      throw new Error(Array.from({ length: 500 }, (_, i) => "line " + i).join("\\n"));
    });
    test("says it in one line", () => {
      throw new Error("x".repeat(1_000_000));
    });`,
  "unloaded.test.js": `require("./missing");`,
  "hook.test.js": `
    test("is good", () => {});
    afterAll(() => { throw new Error("left a server open"); });`,
};

const folder = mkdtempSync(join(tmpdir(), "failures-"));
let failures: string[] = [];

const failureOf = (name: string): string =>
  failures.find((text) => text.split("\n")[0]?.endsWith(name)) ?? "";

beforeAll(async () => {
  for (const [name, source] of Object.entries(SUITES)) writeFileSync(join(folder, name), source);
  const outcomeFile = join(folder, "outcome.json");
  const options = ["--rootDir", folder, "--config", "{}", "--json", "--outputFile", outcomeFile];
  await new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, "node_modules/jest/bin/jest.js"), ...options],
      { env: { ...process.env, FORCE_COLOR: "1" } },
      resolve,
    );
  });
  failures = failuresIn("fast", JSON.parse(readFileSync(outcomeFile, "utf8")) as Outcome);
});

afterAll(() => rmSync(folder, { recursive: true }));

test("each failed test and each failed suite is there once, and no good one", () => {
  const heads = failures.map((text) => text.split("\n")[0]?.replace(/^FAILED .*\//, ""));

  expect(heads.sort()).toEqual([
    "hook.test.js",
    "long.test.js › says it in one line",
    "long.test.js › says much",
    "property.test.js › numbers › are few",
    "unloaded.test.js",
  ]);
});

test("a property's seed, path, counterexample and cause are there", () => {
  const text = failureOf("are few");

  expect(text).toMatch(/\{ seed: 7, path: "[\d:]+", endOnFailure: true \}\n +Counterexample: /);
  expect(text).toContain("Expected: < 2");
});

test("a suite that does not load, and a hook that throws, say why", () => {
  expect(failureOf("unloaded.test.js")).toContain("Cannot find module './missing'");
  expect(failureOf("hook.test.js")).toContain("left a server open");
});

test("a long message keeps its beginning and its end", () => {
  const lines = failureOf("says much").trim().split("\n");

  expect(lines[1]).toBe("  Error: line 0");
  expect(lines).toContain("  line 499");
  expect(lines.join("\n")).toMatch(/line 39\n {2}… \d+ lines left out …\n/);
  expect(lines).toHaveLength(1 + 40 + 1 + 20);
});

test("a long line is cut", () => {
  expect(failureOf("says it in one line").length).toBeLessThan(3000);
});

test("there are no colour codes and no lines of packages", () => {
  expect(failures.join("\n")).not.toMatch(/\u001b|at .*node_modules/);
});

test("a tier without an outcome is a failure", () => {
  expect(failuresIn("slow", undefined)).toEqual(["FAILED slow: its suites did not run to the end"]);
});
