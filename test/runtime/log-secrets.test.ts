/** A full run with every kind of failure: its log contains no secret of the run. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { LogFields } from "../../shared/log.js";
import { BAD_INPUT } from "../support/contract/bad-input.js";
import { fullRun, type FullRun } from "../support/full-run.js";
import { FUNCTION_OF } from "../support/app/functions.js";

let run: FullRun;
beforeAll(async () => {
  run = await fullRun();
});
afterAll(() => run.app.close());

const linesOf = () => run.app.logLines.map((line) => JSON.parse(line) as Partial<LogFields>);

describe("the run under test contains", () => {
  test("every function, every kind of outcome, and every kind of secret", () => {
    const lines = linesOf();
    const functions = new Set(lines.map((line) => line.function));
    const timers = [
      "advance-ingests",
      "expire-ingests",
      "reconcile-ingests",
      "deliver-notifications",
      "plan-schedules",
    ];
    const others = ["api", "console", "health", "room-callback", ...timers];
    const all = new Set([...Object.values(FUNCTION_OF), ...others]);
    expect([...functions].sort()).toEqual([...all].sort());
    const outcomes = new Set(lines.map(({ outcome }) => outcome));
    for (const code of BAD_INPUT.map(([each]) => each)) expect(outcomes).toContain(code);
    for (const code of ["ok", "InternalError", "AuthFailure.SignatureFailure"]) {
      expect(outcomes).toContain(code);
    }
    const late = lines.flatMap(({ latenessMs }) => latenessMs ?? []);
    expect(late.length).toBeGreaterThanOrEqual(2);
    expect(lines.map(({ action }) => action)).toContain("ingest.started");
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(run.refusals.length).toBeGreaterThan(60);
    expect(run.trtc.bodies("StartStreamIngest").length).toBeGreaterThan(8);
    expect(run.secrets.size).toBeGreaterThan(25);
    for (const each of run.secrets) expect(each.length).toBeGreaterThan(7);
  });
});

describe("a secret of the run", () => {
  test("is not in its log", () => {
    const log = run.app.logLines.join("\n");
    expect([...run.secrets].filter((each) => log.includes(each))).toEqual([]);
  });

  test("is not in a refusal", () => {
    const answers = run.refusals.join("\n");
    expect([...run.secrets].filter((each) => answers.includes(each))).toEqual([]);
  });

  test("and a text of a secret's form are not in the log", () => {
    for (const line of run.app.logLines) {
      expect(line).not.toMatch(/Bearer|TC3-HMAC|Signature=|sign=|SecretKey|[?&]\w+=|eJ[\w*-]{20}/);
      expect(line).not.toContain(run.app.clip);
    }
  });
});

describe("a line of the log", () => {
  const FIELDS: Record<keyof LogFields | "time", true> = {
    level: true,
    function: true,
    requestId: true,
    action: true,
    caller: true,
    ingest: true,
    schedule: true,
    time: true,
    room: true,
    outcome: true,
    ms: true,
    detail: true,
    overlapMs: true,
    counts: true,
    latenessMs: true,
    probe: true,
    probeMs: true,
  };

  test("is one JSON object with only the documented fields", () => {
    for (const line of run.app.logLines) {
      expect(line).not.toContain("\n");
      const parsed: unknown = JSON.parse(line);
      const others = Object.keys(parsed as object).filter((name) => !Object.hasOwn(FIELDS, name));
      expect(others).toEqual([]);
    }
  });

  test("has the function, the request id, the outcome and the duration", () => {
    for (const line of linesOf()) {
      expect(line).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        function: expect.stringMatching(/^[a-z-]+$/),
        requestId: expect.stringMatching(/./),
        outcome: expect.stringMatching(/^\w[\w.]*$/),
        level: expect.stringMatching(/^(info|warn|error)$/),
      });
      // A line about one ingest of a run has no duration, but a line about a message has one.
      const isPart =
        /^(advance-ingests|expire-ingests|schedules|reconcile-ingests|deliver-notifications)$/.test(
          line.function ?? "",
        ) && line.ingest !== undefined;
      const isUntimed = isPart && line.action === undefined;
      expect([line, typeof line.ms]).toEqual([line, isUntimed ? "undefined" : "number"]);
    }
  });

  test("has the stack of an internal error, which no caller sees", () => {
    const broken = linesOf().filter(({ detail }) => detail?.includes("    at ") === true);
    expect(broken.map((line) => [line.function, line.level])).toEqual([
      ["start-ingest", "error"],
      ["expire-ingests", "error"],
    ]);
    expect(run.refusals.join("\n")).not.toMatch(/ {4}at |\.ts\b|relation/);
  });
});
