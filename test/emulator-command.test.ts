/** `npm run emulator`: its flags, its file, its life. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readCommandLine } from "../local/trtc/command-line.js";
import { DEFAULT_APPLICATIONS } from "../local/trtc/defaults.js";
import { DEFAULT_SWITCHES } from "../local/trtc/switches.js";
import { cnSdk, startFields } from "./support/emulator-client.js";
import { runScript, startProcess } from "./support/process.js";

describe("npm run emulator", () => {
  test("says where it is, serves the local account, and stops cleanly", async () => {
    const running = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
    const send = cnSdk(running);
    await send("StartStreamIngest", startFields());
    expect(await (await fetch(`${running.url}/_emulator/health`)).json()).toEqual({ status: "ok" });
    expect(await running.end("SIGTERM")).toBe(0);
    expect(running.lines.at(-1)).toMatch(/^[0-9a-f-]{36} StartStreamIngest ok$/);
  });

  test("explains itself, and what is wrong with a flag", async () => {
    const help = await runScript("local/emulator.ts", {}, ["--help"]);
    expect(help).toMatchObject({
      code: 0,
      output: expect.stringContaining("--set <name>=<value>"),
    });
    const wrong = await runScript("local/emulator.ts", {}, ["--set", "sameRobot=both"]);
    expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining("sameRobot") });
  });

  test("takes switches as flags, and over a file", () => {
    const path = join(mkdtempSync(join(tmpdir(), "emulator-")), "config.json");
    const [application] = DEFAULT_APPLICATIONS;
    const accounts = { AKIDmine: { secretKey: "mine", token: "today" } };
    const applications = [{ ...application, ingest: false, secretIds: ["AKIDmine"] }];
    const switches = { concurrency: 1, sameRobot: "interrupt" };
    writeFileSync(path, JSON.stringify({ accounts, applications, switches }));
    const read = readCommandLine(["--config", path, "--set", "concurrency=2", "--port", "0"]);
    expect(read).toMatchObject({ port: "0", help: false, quiet: false });
    expect(read.options).toMatchObject({ accounts, applications });
    expect(read.options.switches).toEqual({
      ...DEFAULT_SWITCHES,
      sameRobot: "interrupt",
      concurrency: 2,
    });
  });

  test.each([
    ["no JSON", "{", "is no JSON"],
    [
      "an account without a key",
      { accounts: { AKIDa: {} } },
      "accounts.AKIDa: secretKey is missing",
    ],
    [
      "an application of a third site",
      { applications: [{ sdkAppId: 1, secretKey: "k", site: "eu" }] },
      "applications[0]: site",
    ],
    ["applications that are no list", { applications: {} }, "applications is no list"],
    ["an unknown word", { users: [] }, "users"],
  ])("refuses a file with %s", (_what, content, message) => {
    const path = join(mkdtempSync(join(tmpdir(), "emulator-")), "config.json");
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    expect(() => readCommandLine(["--config", path])).toThrow(message);
  });
});
