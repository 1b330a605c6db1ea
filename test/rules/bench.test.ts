/**
 * `npm run bench`: its flags, its output, and that a start is measured as it says; never how fast
 * anything is. `.ci/run` runs all sections, and fails where a figure is missing.
 */
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { Results, Row } from "../../bench/results.js";
import { spawnScript } from "../support/app/process.js";

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

function bench(...args: string[]): Promise<Outcome> {
  const child = spawnScript("bench/run.ts", {}, args);
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

/** Each section's subjects, and the figures that each must have. */
const SECTIONS: [title: string, figures: string[], subjects: string[]][] = [
  [
    "cold",
    ["wallMs", "loadMs", "rssMb"],
    [
      "an empty process",
      "start-ingest, loaded",
      "start-ingest, first start answered",
      "the documented way, loaded",
      "the documented way, first call answered",
    ],
  ],
  [
    "warm: the cost of a start",
    ["ownP50Ms", "ownP99Ms", "busyP50Ms", "cpuMs", "statements", "trtcCalls"],
    ["start-ingest, Bearer", "start-ingest, TC3", "the documented way (no checks, no store)"],
  ],
  [
    "warm: starts of one instance",
    ["perSecond"],
    [
      "start-ingest, 1 at a time",
      "the documented way, 1 at a time",
      "start-ingest, 16 at a time",
      "the documented way, 16 at a time",
    ],
  ],
  [
    "signing",
    ["micros", "perSecond"],
    [
      "signUserSig",
      "genUserSig (tls-sig-api-v2)",
      "verifyUserSig",
      "signPrivateMapKey",
      "signTc3",
      "sign3 (tencentcloud-sdk-nodejs)",
      "readTc3 + verifyTc3",
    ],
  ],
];

const GOALS = [
  "load over an empty process",
  "first start answered ÷ the documented way",
  "RSS at the first start",
  "CPU of a start ÷ the documented way",
  "own cost of a start, Bearer, p50",
  "own cost of a start, TC3, p50",
];

describe("a trial run of starts and signing", () => {
  let outcome: Outcome;
  let results: Results;
  const rows = (): Row[] => results.sections.flatMap((section) => section.rows);

  beforeAll(async () => {
    outcome = await bench("--quick", "--json", "--only", "cold,warm,signing");
    expect(outcome).toMatchObject({ code: 0, err: expect.not.stringContaining("not measured") });
    results = JSON.parse(outcome.out) as Results;
  });

  test("names the machine, and says that it was a trial", () => {
    const { node, cpu, cores, quick } = results;
    expect({ node, quick }).toEqual({ node: process.version, quick: true });
    expect(cpu).toMatch(/\S/);
    expect(cores).toBeGreaterThan(0);
  });

  test("has exactly the listed sections", () => {
    const titles = results.sections.map(({ title }) => title);
    expect(titles).toEqual(SECTIONS.map(([title]) => title));
  });

  test.each(SECTIONS)("%s has every subject, with finite figures", (title, figures, subjects) => {
    const section = results.sections.find((each) => each.title === title);
    expect(section?.rows.map(({ subject }) => subject)).toEqual(subjects);
    for (const { subject, figures: measured } of section?.rows ?? []) {
      expect(Object.keys(measured)).toEqual(expect.arrayContaining(figures));
      for (const [figure, value] of Object.entries(measured)) {
        const wrong = !Number.isFinite(value) || value < 0;
        expect({ subject, figure, value, wrong }).toMatchObject({ wrong: false });
      }
    }
  });

  test("counts two statements and one call to TRTC for a warm start", () => {
    for (const subject of ["start-ingest, Bearer", "start-ingest, TC3"]) {
      const row = rows().find((each) => each.subject === subject);
      expect(row?.figures).toMatchObject({ statements: 2, trtcCalls: 1 });
    }
  });

  test("says for every goal whether its figures meet it", () => {
    const goals = results.sections.flatMap((section) => section.goals);
    expect(goals.map(({ name }) => name)).toEqual(GOALS);
    for (const { value, atMost, met } of goals) expect(met).toBe(value <= atMost);
    const ratios = results.sections.flatMap((section) => section.ratios);
    expect(ratios).toHaveLength(6);
    for (const { value } of ratios) expect(value).toBeGreaterThan(0);
  });

  test("shows its progress in plain lines, apart from the result", () => {
    for (const part of ["cold", "warm"]) {
      expect(outcome.err).toMatch(new RegExp(`^${part}: \\S`, "m"));
    }
    expect(outcome.err).not.toContain("\u001b");
    expect(outcome.out.trimEnd().split("\n")).toHaveLength(1);
  });
});

test("--only measures some sections, and the table shows their goals", async () => {
  const { code, out } = await bench("--quick", "--only", "signing");
  expect(code).toBe(0);
  expect(out).toContain(`Node.js ${process.version}`);
  expect(out).toMatch(/^ {2}signUserSig +[\d,]+ +[\d.]+$/m);
  expect(out).toMatch(/^ {2}signUserSig ÷ genUserSig \(tls-sig-api-v2\), throughput: [\d.]+$/m);
  expect(out).not.toContain("cold");
});

test("a signal ends the bench, and all that it started", async () => {
  const TMPDIR = mkdtempSync(join(tmpdir(), "bench-test-"));
  // PostgreSQL may run as another user, who must reach its directory.
  chmodSync(TMPDIR, 0o755);
  const child = spawnScript("bench/run.ts", { TMPDIR }, ["--only", "cold"]);
  const left = () => readdirSync(TMPDIR).filter((name) => name.startsWith("trtc-stream-ingest-"));
  let [err, started] = ["", [] as string[]];
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    if (!err.includes("cold: round") || started.length > 0) return;
    started = left();
    child.kill("SIGTERM");
  });
  const [code] = (await once(child, "close")) as [number | null];
  const said = err.trimEnd().split("\n").at(-1);
  // One directory for PostgreSQL, removed after its end, and one for the rest.
  expect({ code, said, started }).toMatchObject({ code: 1, said: "ended by a signal" });
  expect(started).toHaveLength(2);
  expect(left()).toEqual([]);
  rmSync(TMPDIR, { recursive: true, force: true });
});

test.each([
  [
    ["--help"],
    0,
    /npm run bench \[-- flags\][\s\S]*--only[\s\S]*--quick[\s\S]*--json[\s\S]*--check[\s\S]*--keep/,
  ],
  [
    ["--only", "cold,hot"],
    1,
    /^--only hot: choose from cold, warm, network, store, deadlines, scheduled, signing, old-rows, month\n$/,
  ],
  [["--only", "toString"], 1, /^--only toString: choose/],
  [["--only", ""], 1, /^--only : choose/],
  [["--check", "--keep"], 1, /^--check compares, and --keep writes: send one of them\n$/],
  [["--fast"], 1, /^Unknown option '--fast'/],
  [["cold"], 1, /^Unexpected argument 'cold'/],
])("%j ends with %i", async (args, expected, text) => {
  const { code, out, err } = await bench(...args);
  expect({ code, text: out + err }).toEqual({ code: expected, text: expect.stringMatching(text) });
});
