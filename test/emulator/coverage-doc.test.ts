/** COVERAGE.md matches the code. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { CODE_CAUSES, DOCUMENTED_CODES } from "../../emulator/coverage/codes.js";
import { coverageText } from "../../emulator/coverage/document.js";
import { FIELD_EFFECTS } from "../../emulator/coverage/fields.js";
import { EVENT_TYPES } from "../../emulator/callbacks/bodies.js";
import { TRTC_ACTIONS, TRTC_SCHEMAS } from "../../emulator/api/schemas.js";
import { DEFAULT_SWITCHES } from "../../emulator/admin/switches.js";
import { runScript } from "../support/app/process.js";

const TRTC = fileURLToPath(new URL("../../emulator", import.meta.url));
const page = readFileSync(join(TRTC, "COVERAGE.md"), "utf8");

test("the coverage page is up to date with the code (if not, run `npm run emulator:coverage`)", () => {
  expect(page).toBe(coverageText());
});

test("the command with --check finds the coverage page up to date", async () => {
  const script = "emulator/coverage/write-coverage.ts";
  expect(await runScript(script, {}, ["--check"])).toEqual({ code: 0, output: "" });
  const help = await runScript(script, {}, ["--help"]);
  expect(help).toEqual({ code: 0, output: expect.stringContaining("--check") });
  expect((await runScript(script, {}, ["--chekc"])).code).toBe(1);
});

test.each(TRTC_ACTIONS)("the coverage page names every field of %s, and no other", (action) => {
  const { intl, cn } = TRTC_SCHEMAS[action];
  const fields = new Set([...Object.keys(intl.properties), ...Object.keys(cn.properties)]);
  expect(Object.keys(FIELD_EFFECTS[action]).sort()).toEqual([...fields].sort());
  expect(page).toContain(`### ${action}\n`);
});

test.each(EVENT_TYPES)("the coverage page names the event %i", (type) => {
  expect(page).toContain(`| ${type} | `);
});

test.each(Object.keys(DEFAULT_SWITCHES))(
  "the coverage page and the README name the switch %s",
  (name) => {
    expect(page).toContain(`| \`${name}\` | `);
    expect(readFileSync(join(TRTC, "README.md"), "utf8")).toContain(`\`${name}\``);
  },
);

describe("the coverage page", () => {
  const sources = readdirSync(TRTC, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("coverage"))
    .map((file) => readFileSync(join(TRTC, file), "utf8"));
  /** Every text in the form of a code, at the places that make or look up a refusal. */
  const inCode = new Set(
    sources
      .flatMap((text) => [...text.matchAll(/"([A-Z][A-Za-z]+\.[A-Z][A-Za-z]+)"/g)])
      .map(([, code = ""]) => code)
      .filter((code) => /^(Auth|Failed|Internal|Invalid|Missing|Resource|Unauth)/.test(code)),
  );

  test("has every error code of the code", () => {
    expect(inCode.size).toBeGreaterThan(20);
    expect([...inCode].filter((code) => !Object.hasOwn(CODE_CAUSES, code))).toEqual([]);
  });

  test("has every error code of TRTC's pages", () => {
    const listed: string[] = Object.values(DOCUMENTED_CODES).flat();
    expect(listed.filter((code) => !Object.hasOwn(CODE_CAUSES, code))).toEqual([]);
    for (const code of listed) expect(page).toContain(`| \`${code}\` | `);
  });
});
