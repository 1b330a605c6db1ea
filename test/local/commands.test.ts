/** The commands of this machine: their help texts and their refusals. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { runCli } from "../support/cli.js";
import { runScript } from "../support/app/process.js";

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** With its own ports and directory, whatever the tests' environment holds. */
const start = (env: Environment = {}, args?: string[]) => {
  const DATA_DIR = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-"));
  directories.push(DATA_DIR);
  return runScript("local/start.ts", { PORT: "0", TRTC_PORT: "0", DATA_DIR, ...env }, args);
};

describe("--help", () => {
  test.each([
    [
      "local/start.ts",
      ["npm start", "PORT", "TRTC_PORT", "DATA_DIR", "DATABASE_URL", "TRTC_ENDPOINT"],
    ],
    ["local/emulator.ts", ["npm run emulator", "--port", "--set", "--config", "TRTC_PORT"]],
    ["local/demo.ts", ["npm run demo", "--programme", "--schedule", "--verbose"]],
  ])("of %s shows flags and variables, and does nothing else", async (script, words) => {
    const { code, output } = await runScript(script, {}, ["--help"]);
    expect(code).toBe(0);
    for (const word of words) expect(output).toContain(word);
    expect(output).not.toContain("ready");
  });

  test("is the flag's exact name: --halp is refused", async () => {
    const { code, output } = await start({}, ["--halp"]);
    expect([code, output]).toEqual([1, expect.stringContaining("--halp")]);
  });
});

describe("npm start ends with 1, and names what is wrong", () => {
  test.each<[what: string, env: Environment, message: string]>([
    ["a PORT that is no number", { PORT: "http" }, "PORT must be a port number from 0 to 65535"],
    ["CALLERS that are no JSON", { CALLERS: "[{" }, "CALLERS is no JSON"],
    [
      "a cron line of another kind",
      { EXPIRY_CRON: "*/5 * * * *" },
      '"*/5 * * * *" is not a cron line',
    ],
    ["a database that is away", { DATABASE_URL: "postgres://x@127.0.0.1:1/x" }, "ECONNREFUSED"],
  ])("%s", async (_, env, message) => {
    const { code, output } = await start(env);
    expect([code, output]).toEqual([1, expect.stringContaining(message)]);
    expect(output).not.toMatch(/^\s+at |^ready/m);
  });

  test.each(["PORT", "TRTC_PORT"])("a %s in use", async (variable) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, output } = await start({ [variable]: String(port) });
    other.close();
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`in use.*127\\.0\\.0\\.1:${port}`));
    expect(output).not.toMatch(/^\s+at |^ready/m);
  });

  test("but never shows a wrong key of the configuration", async () => {
    const caller = { Id: "me", SecretKeys: ["short-secret"], SdkAppIds: [1400000000] };
    const { code, output } = await start({ CALLERS: JSON.stringify([caller]) });
    expect([code, output]).toEqual([1, expect.stringContaining("CALLERS[0]: SecretKeys[0]")]);
    expect(output).not.toContain("short-secret");
  });
});

describe("npm run migrate", () => {
  test("brings a new database to the newest version, once", async () => {
    const env = { DATABASE_URL: await newPostgresUrl({ template: "template0" }) };
    const first = await runCli(["migrate"], env);
    expect(first).toEqual({ code: 0, output: expect.stringMatching(/^(applied \d+ [\w ]+\n)+$/) });
    const again = await runCli(["migrate"], env);
    expect(again).toEqual({ code: 0, output: "the database is up to date\n" });
  });

  test("says which variable is missing", async () => {
    const { code, output } = await runCli(["migrate"], { DATABASE_URL: "" });
    expect([code, output]).toEqual([1, "DATABASE_URL is not set\n"]);
  });
});

describe("npm run demo", () => {
  test("shows an ingest from start to end, in plain lines, in under 30 s", async () => {
    const startedMs = clock.elapsedMs();
    const { code, output } = await runScript("local/demo.ts");
    expect([code, output]).toEqual([0, expect.stringContaining("all as promised")]);
    expect(clock.elapsedMs() - startedMs).toBeLessThan(30 * SECOND_MS);
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    for (const part of [
      /^functions {2}http:\/\/127\.0\.0\.1:\d+$/m,
      /^StartStreamIngest {2}a loop in room "demo-room", StopTime 20\S+Z$/m,
      /^\[#*-*\] \d\.\d of 4\.0 s {2}loop 2 {2}stops in \d\.\d s$/m,
      /^ListStreamIngests {2}ing-\w{26} {2}running/m,
      /^ended {14}expired, \d+ ms after its StopTime$/m,
      /^ {2}StartStreamIngest {6}1$/m,
      /^ {2}StopStreamIngest {7}1$/m,
    ]) {
      expect(output).toMatch(part);
    }
    expect(output.match(/^\[/gm)?.length).toBeLessThan(12);
  });

  test("plays a list, loses the second source, and ends on time, in under 60 s", async () => {
    const startedMs = clock.elapsedMs();
    const { code, output } = await runScript("local/demo.ts", {}, ["--programme"]);
    expect([code, output]).toEqual([0, expect.stringContaining("all as promised")]);
    expect(clock.elapsedMs() - startedMs).toBeLessThan(60 * SECOND_MS);
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    const onAir = [...output.matchAll(/ on air: (.*)$/gm)].map(([, name]) => name);
    const lost = "nothing, because Talk cannot be opened";
    expect(onAir).toEqual(["Opening", lost, "filler", "Talk", "Panel"]);
    for (const what of ["to Talk", "to the filler", "back to Talk", "to Panel"]) {
      expect(output).toMatch(new RegExp(`^  ${what} .* \\d+ ms late$`, "m"));
    }
    expect(output).toMatch(/^ended {14}expired, \d+ ms after its StopTime$/m);
    expect(output).toMatch(/^ {2}UpdateStreamIngest {5}4$/m);
  });

  test("plays the first window of a schedule on a moved clock, in under 60 s", async () => {
    const startedMs = clock.elapsedMs();
    const { code, output } = await runScript("local/demo.ts", {}, ["--schedule"]);
    expect([code, output]).toEqual([0, expect.stringContaining("all as promised")]);
    expect(clock.elapsedMs() - startedMs).toBeLessThan(60 * SECOND_MS);
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    for (const part of [
      /^PreviewIngestSchedule {2}\S+T09:00:00\+0\d:00 to \S+T11:30:00\+0\d:00$/m,
      /^started {16}ing-\w{26}, \d+ ms after its StartTime$/m,
      /^ended {18}expired, \d+ ms after its EndTime$/m,
      /^ListIngestOccurrences {2}\S+Z {2}Done$/m,
    ]) {
      expect(output).toMatch(part);
    }
  });
});
