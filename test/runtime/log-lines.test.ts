/** Lines of the log: their time, their form on a terminal, and the effect of foreign texts. */
import { describe, expect, test } from "@jest/globals";
import { localEnvironment, ownEventCaller } from "../../local/environment/local-environment.js";
import { lineOf } from "../../local/terminal/terminal-log.js";
import { printable, printableJson, printableLines } from "../../local/terminal/terminal.js";
import { jsonLog, type LogFields } from "../../shared/log.js";
import { timerFunction } from "../../shared/runtime/timer.js";
import { readConfig } from "../../shared/config/configuration.js";
import { startTestApp } from "../support/app/test-app.js";

const AT = new Date(2026, 10, 28, 19, 57, 20);
const FIELDS: LogFields = { level: "info", function: "start-ingest", outcome: "ok" };
const HOSTILE = "a\u001b[2J\u009b31mb\u202ec\u2066d\u0007e\u007ff\u2028g";

describe("a line of JSON", () => {
  const lineWith = (detail: string) => {
    const lines: string[] = [];
    jsonLog((line) => lines.push(line), { now: () => AT })({ ...FIELDS, detail });
    return lines.join();
  };

  test("carries its time", () => {
    expect(JSON.parse(lineWith("x"))).toEqual({ time: AT.toISOString(), ...FIELDS, detail: "x" });
  });

  test("escapes control characters, and loses nothing", () => {
    const line = lineWith(HOSTILE);
    expect(line).not.toMatch(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
    expect((JSON.parse(line) as LogFields).detail).toBe(HOSTILE);
  });
});

describe("a line on a terminal", () => {
  test("has the time, the level, the function and the outcome", () => {
    const fields = { ...FIELDS, room: "class-1", caller: "AKIDschool", ingest: "ing-1" };
    expect(lineOf(fields, AT)).toBe("19:57:20 start-ingest ok class-1 AKIDschool ing-1");
  });

  test("has a run's counts, lateness and error", () => {
    const counts = { stopped: 2, failed: 0 };
    expect(lineOf({ ...FIELDS, counts, latenessMs: 12.4, detail: "why" }, AT)).toBe(
      "19:57:20 start-ingest ok 12 ms late stopped 2 why",
    );
  });

  test("holds no character that moves the cursor or turns the text around", () => {
    for (const text of [
      lineOf({ ...FIELDS, room: HOSTILE, detail: `${HOSTILE}\nmore` }, AT),
      printable(`${HOSTILE}\n`),
      printableLines(HOSTILE),
      printableJson({ text: HOSTILE }),
    ]) {
      expect(text).not.toMatch(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
    }
    expect(printableLines("one\ntwo")).toBe("one\ntwo");
    expect(JSON.parse(printableJson({ text: `${HOSTILE}\u{e0001}` }))).toEqual({
      text: `${HOSTILE}\u{e0001}`,
    });
  });
});

test("a timer's run logs nothing when nothing was due, and its counts otherwise", async () => {
  const app = await startTestApp();
  const open = () => Promise.resolve(app.services);
  await timerFunction("expire-ingests", () => Promise.resolve({ stopped: 0 }))(open)({});
  expect(app.logLines).toEqual([]);
  await timerFunction("expire-ingests", () => Promise.resolve({ stopped: 1 }))(open)({});
  expect(app.logLines).toHaveLength(1);
  await app.functionNamed("reconcile-ingests").handler({});
  expect(app.logLines).toHaveLength(1);
  await app.post("start-ingest", { RoomId: "class-1", RoomIdType: 0 });
  await app.close();
});

describe("an operator's own CALLERS", () => {
  const CALLERS = JSON.stringify([
    { Id: "mine", SecretKeys: ["a-secret-of-my-own"], SdkAppIds: [1600000000] },
  ]);

  test("keep the local event rules, for the first caller", () => {
    const config = readConfig(localEnvironment({ CALLERS }, "http://127.0.0.1:3001"));
    expect(config.rules).toMatchObject([
      { Bucket: "media-1250000000", Caller: "mine", SdkAppId: 1600000000 },
      { Bucket: "media", Caller: "mine", SdkAppId: 1600000000 },
    ]);
    expect(new Set(config.eventCallers.values())).toEqual(new Set(["mine"]));
    expect(ownEventCaller({ CALLERS })).toEqual({ Id: "mine", SdkAppId: 1600000000 });
  });

  test.each(["[{", "[]", "{}", "[{}]", "null", '[{"Id":1}]'])(
    "that cannot be parsed are refused by the configuration's own check: %s",
    (text) => {
      expect(ownEventCaller({ CALLERS: text })).toBeUndefined();
      expect(localEnvironment({ CALLERS: text }, "http://127.0.0.1:1")["RULES"]).toBeUndefined();
    },
  );

  test("with their own rules stay unchanged", () => {
    const own = { CALLERS, RULES: "[]", EVENT_CALLERS: "[]" };
    expect(ownEventCaller(own)).toBeUndefined();
    expect(localEnvironment(own, "http://127.0.0.1:1")).toMatchObject(own);
  });
});
