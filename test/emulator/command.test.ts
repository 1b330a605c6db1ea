/** `npm run emulator`: its flags, its configuration file, its start and end. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readCommandLine } from "../../emulator/command-line.js";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { DEFAULT_SWITCHES } from "../../emulator/admin/switches.js";
import { cnSdk, startFields } from "../support/http/emulator-client.js";
import { runScript, startProcess } from "../support/app/process.js";

const JSON_TYPE = { "content-type": "application/json" };

describe("npm run emulator", () => {
  test("prints its address, serves the local account, and stops cleanly", async () => {
    const running = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
    const send = cnSdk(running);
    await send("StartStreamIngest", startFields());
    expect(await (await fetch(`${running.url}/_emulator/health`)).json()).toEqual({ status: "ok" });
    const fault = { action: "StartStreamIngest", kind: "lose-answer", times: 1 };
    const body = JSON.stringify(fault);
    await fetch(`${running.url}/_emulator/faults`, { method: "POST", body, headers: JSON_TYPE });
    await expect(send("StartStreamIngest", startFields())).rejects.toThrow("hang up");
    expect(await running.end("SIGTERM")).toBe(0);
    const [plain, faulty] = running.lines.filter((line) => line.includes("StartStreamIngest"));
    expect(plain).toMatch(/^[0-9a-f-]{36} StartStreamIngest ok$/);
    expect(faulty).toMatch(/^[0-9a-f-]{36} StartStreamIngest ok fault:lose-answer$/);
  });

  test("explains itself with --help, and names a wrong flag", async () => {
    const help = await runScript("local/emulator.ts", {}, ["--help"]);
    expect(help).toMatchObject({
      code: 0,
      output: expect.stringContaining("--set <name>=<value>"),
    });
    const wrong = await runScript("local/emulator.ts", {}, ["--set", "sameRobot=both"]);
    expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining("sameRobot") });
  });

  test("reads switches from flags, which override a file", () => {
    const path = join(mkdtempSync(join(tmpdir(), "emulator-")), "config.json");
    const [application] = DEFAULT_APPLICATIONS;
    const accounts = { AKIDmine: { secretKey: "mine", token: "today" } };
    const applications = [{ ...application, ingest: false, secretIds: ["AKIDmine"] }];
    const switches = { concurrency: 1, sameRobot: "interrupt" };
    // As an editor on Windows saves it.
    writeFileSync(path, `\ufeff${JSON.stringify({ accounts, applications, switches })}`);
    const read = readCommandLine(["--config", path, "--set", "concurrency=2", "--port", "0"]);
    expect(read).toMatchObject({ port: "0", help: false, quiet: false });
    expect(read.options).toMatchObject({ accounts, applications });
    expect(read.options.switches).toEqual({
      ...DEFAULT_SWITCHES,
      sameRobot: "interrupt",
      concurrency: 2,
    });
  });

  describe("callbacks and faults", () => {
    const KEY = "Key123";
    const callbackUrl = "https://hooks.example.com/trtc?from=emulator";
    const callbacksOf = (args: string[], env: Record<string, string> = {}) =>
      readCommandLine(args, env).options.applications.map((each) => [
        each.callbackUrl,
        each.callbackKey,
      ]);

    test("use the address of the flags, or else of the environment, for every application", () => {
      const env = { TRTC_CALLBACK_URL: "http://127.0.0.1:1/env", TRTC_CALLBACK_KEY: "FromEnv" };
      expect(callbacksOf(["--callback-url", callbackUrl, "--callback-key", KEY], env)).toEqual(
        Array(2).fill([callbackUrl, KEY]),
      );
      expect(callbacksOf([], env)).toEqual(Array(2).fill(["http://127.0.0.1:1/env", "FromEnv"]));
      expect(callbacksOf([])).toEqual(Array(2).fill([undefined, undefined]));
    });

    test("keep the address and key of an application in the file", () => {
      const path = join(mkdtempSync(join(tmpdir(), "emulator-")), "config.json");
      const [one, two] = DEFAULT_APPLICATIONS;
      const applications = [{ ...one, callbackUrl: "http://127.0.0.1:1/own" }, two];
      const faults = [{ event: 702, kind: "drop" }];
      writeFileSync(path, JSON.stringify({ applications, faults }));
      const fault = { action: "StopStreamIngest", kind: "lose-answer", times: 1 };
      const args = ["--config", path, "--callback-url", callbackUrl, "--callback-key", KEY];
      expect(callbacksOf(args)).toEqual([
        ["http://127.0.0.1:1/own", undefined],
        [callbackUrl, KEY],
      ]);
      const withFault = readCommandLine([...args, "--fault", JSON.stringify(fault)]);
      expect(withFault.options.faults).toEqual([...faults, fault]);
    });

    test.each([
      ["an address of another protocol", ["--callback-url", "ftp://a.example.com"], "callbackUrl"],
      ["an address with a login", ["--callback-url", "http://me:pw@a.example.com"], "callbackUrl"],
      ["an address that is too long", ["--callback-url", `http://a/${"a".repeat(2083)}`], "2083"],
      ["a key of other signs", ["--callback-key", "secret-key"], "callbackKey"],
      ["a key that is too long", ["--callback-key", "a".repeat(33)], "32"],
      ["a fault that is no JSON", ["--fault", "{"], "--fault"],
      ["a fault that is none", ["--fault", '{"action":"*","kind":"dance"}'], "lose-answer"],
    ])("refuse %s", (_what, args, message) => {
      expect(() => readCommandLine(args)).toThrow(message);
    });
  });

  test.each([
    ["faults that are none", { faults: [{ kind: "drop" }] }, "faults: Fault 1"],
    ["no JSON", "{", "is not JSON"],
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
    ["applications that are no list", { applications: {} }, "applications is not a list"],
    ["an unknown word", { users: [] }, "users"],
  ])("refuses a file with %s", (_what, content, message) => {
    const path = join(mkdtempSync(join(tmpdir(), "emulator-")), "config.json");
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    expect(() => readCommandLine(["--config", path])).toThrow(message);
  });
});
