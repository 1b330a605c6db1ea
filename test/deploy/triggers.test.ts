/** Compares the declared triggers with SCF's, and makes the few calls that match them. */
import { describe, expect, test } from "@jest/globals";
import { environmentBytes, limitFaults, variablesOf } from "../../deploy/plugin/checks/limits.js";
import {
  planTriggers,
  triggersOf,
  type DeclaredTrigger,
} from "../../deploy/plugin/scf/triggers.js";
import { withDeployError, errorText } from "../../deploy/plugin/deploy-error.js";
import type { DeclaredEvent } from "../../server/declared/service-file.js";

const url: DeclaredEvent = { functionUrl: { name: "function-url", authType: "NONE" } };
const timer = (cronExpression: string, enable = true): DeclaredEvent => ({
  timer: { name: "tick", parameters: { cronExpression, enable } },
});
const cos = (suffix: string): DeclaredEvent => ({
  cos: {
    name: "films-1250000000.cos.ap-guangzhou.myqcloud.com",
    parameters: { events: "cos:ObjectCreated:*", filter: { prefix: "in/", suffix } },
  },
});
const ckafka = (maxMsgNum: number): DeclaredEvent => ({
  ckafka: { name: "ckafka-abc", parameters: { topic: "starts", maxMsgNum, retry: 100 } },
});
const EVERY = [url, timer("0 */1 * * * * *"), cos(".mp4"), ckafka(10)];

/** As SCF answers: a timer's cron line as JSON, a URL with its address. */
const answered = (trigger: DeclaredTrigger) => ({
  Type: trigger.Type,
  TriggerName: trigger.TriggerName,
  Enable: trigger.Enable === "OPEN" ? 1 : 0,
  TriggerDesc: {
    timer: JSON.stringify({ cron: trigger.TriggerDesc }),
    http: JSON.stringify({
      ...(JSON.parse(trigger.Type === "http" ? trigger.TriggerDesc : "{}") as object),
      NetConfig: { EnableIntranet: false, EnableExtranet: true, ExtranetUrl: "https://x" },
    }),
    cos: trigger.TriggerDesc,
    ckafka: trigger.TriggerDesc,
  }[trigger.Type],
});

const steps = (declared: readonly DeclaredEvent[], before: readonly DeclaredEvent[]) =>
  planTriggers(
    triggersOf("function", declared),
    triggersOf("function", before).map(answered),
  ).steps.map(({ action, trigger }) => `${action} ${trigger.Type}`);

describe("triggers", () => {
  test("of every kind are created as SCF wants them described", () => {
    expect(triggersOf("function", EVERY)).toEqual([
      {
        Type: "http",
        TriggerName: "function-url",
        TriggerDesc:
          '{"AuthType":"NONE","NetConfig":{"EnableIntranet":false,"EnableExtranet":true}}',
        Enable: "OPEN",
        Qualifier: "$DEFAULT",
      },
      {
        Type: "timer",
        TriggerName: "tick",
        TriggerDesc: "0 */1 * * * * *",
        Enable: "OPEN",
        Qualifier: "$DEFAULT",
      },
      {
        Type: "cos",
        TriggerName: "films-1250000000.cos.ap-guangzhou.myqcloud.com",
        TriggerDesc: '{"event":"cos:ObjectCreated:*","filter":{"Prefix":"in/","Suffix":".mp4"}}',
        Enable: "OPEN",
        Qualifier: "$DEFAULT",
      },
      {
        Type: "ckafka",
        TriggerName: "ckafka-abc-starts",
        TriggerDesc: '{"maxMsgNum":"10","offset":"latest","retry":"100"}',
        Enable: "OPEN",
        Qualifier: "$DEFAULT",
      },
    ]);
    expect(steps(EVERY, [])).toEqual([
      "CreateTrigger http",
      "CreateTrigger timer",
      "CreateTrigger cos",
      "CreateTrigger ckafka",
    ]);
  });

  test("that have not changed are not touched", () => {
    expect(steps(EVERY, EVERY)).toEqual([]);
  });

  test.each<[what: string, now: DeclaredEvent, before: DeclaredEvent, expected: string[]]>([
    [
      "another cron line",
      timer("0 */5 * * * * *"),
      timer("0 */1 * * * * *"),
      ["UpdateTrigger timer"],
    ],
    [
      "switched off",
      timer("0 0 * * * * *", false),
      timer("0 0 * * * * *"),
      ["UpdateTrigger timer"],
    ],
    [
      "another way to authenticate",
      { functionUrl: { name: "function-url", authType: "CAM" } },
      url,
      ["UpdateTrigger http"],
    ],
    ["a larger batch", ckafka(20), ckafka(10), ["UpdateTrigger ckafka"]],
    ["another suffix", cos(".mov"), cos(".mp4"), ["DeleteTrigger cos", "CreateTrigger cos"]],
  ])("that have changed are changed: %s", (_, now, before, expected) => {
    expect(steps([now], [before])).toEqual(expected);
  });

  test("of a bucket are deleted by the description that is there", () => {
    const before = triggersOf("function", [cos(".mp4")]);
    const { steps: planned } = planTriggers(
      triggersOf("function", [cos(".mov")]),
      before.map(answered),
    );
    const [first, second] = planned.map(({ trigger }) => trigger.TriggerDesc);
    expect([first, second]).toEqual([
      expect.stringContaining(".mp4"),
      expect.stringContaining(".mov"),
    ]);
  });

  test("that serverless.yml does not declare are left alone, and named", () => {
    const before = triggersOf("function", [url, timer("0 0 * * * * *")]).map(answered);
    expect(planTriggers(triggersOf("function", [url]), before)).toEqual({
      steps: [],
      undeclared: ["timer tick"],
    });
  });

  test.each([
    ["apigw", "functionUrl"],
    ["cmq", "ckafka"],
    ["sqs", "the kinds of trigger are"],
  ])("of the kind %s are refused, and the message names the replacement", (kind, words) => {
    expect(() => triggersOf("function", [{ [kind]: { name: "x" } }])).toThrow(words);
    expect(() => triggersOf("function", [{ [kind]: { name: "x" } }])).toThrow("function");
  });
});

describe("a function's variables", () => {
  const provider = { environment: { variables: { DATABASE_URL: "postgres://x", ROLE: "" } } };

  test("are the provider's and its own, without empty ones", () => {
    const own = { environment: { variables: { TICK: 60, CALLERS: [{ Id: "a" }] } } };
    expect(variablesOf(provider, own)).toEqual({
      DATABASE_URL: "postgres://x",
      TICK: "60",
      CALLERS: '[{"Id":"a"}]',
    });
    // The plugin itself would put them into the provider's object, for every other function.
    expect(provider.environment.variables).toEqual({ DATABASE_URL: "postgres://x", ROLE: "" });
    expect(variablesOf(provider, {})).toEqual({ DATABASE_URL: "postgres://x" });
  });

  test.each<[what: string, name: string, variables: Record<string, string>, words: string]>([
    ["a name that is too long", "s".repeat(61), {}, "61 characters"],
    ["too many bytes of variables", "function", { CALLERS: "é".repeat(2048) }, "4103 bytes"],
    ["a variable that SCF keeps for itself", "function", { SCF_THING: "1" }, "SCF_THING"],
  ])("are refused before the deployment with %s", (_, name, variables, words) => {
    expect(limitFaults(name, variables, [])).toEqual([expect.stringContaining(words)]);
  });

  test("may fill SCF's limits to the last byte", () => {
    const variables = { CALLERS: "x".repeat(4096 - "CALLERS".length) };
    expect(environmentBytes(variables)).toBe(4096);
    expect(limitFaults("s".repeat(60), variables, ["t".repeat(100)])).toEqual([]);
    expect(limitFaults("s", {}, ["t".repeat(101)])).toHaveLength(1);
  });
});

describe("anything that is thrown becomes one sentence", () => {
  test.each<[what: string, thrown: unknown, words: string]>([
    ["a text, as the named plugin throws", "Function x failed", "Function x failed"],
    [
      "an exception of Tencent's SDK",
      { code: "LimitExceeded.Function", message: "Too many.", requestId: "abc" },
      "LimitExceeded.Function Too many. (RequestId abc)",
    ],
    [
      "what COS answered",
      { error: { Code: "SlowDown", Message: "Later." }, statusCode: 503, headers: {} },
      "SlowDown Later. (HTTP 503)",
    ],
    ["an Error", new Error("connect ECONNREFUSED"), "connect ECONNREFUSED"],
    ["nothing", undefined, "undefined"],
  ])("%s", async (_, thrown, words) => {
    expect(errorText(thrown)).toBe(words);
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    await expect(withDeployError("Step x", () => Promise.reject(thrown))).rejects.toThrow(
      `Step x: ${words}`,
    );
  });
});
