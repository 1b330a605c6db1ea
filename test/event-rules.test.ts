/** RULES and EVENT_CALLERS: what they may say, and what a stored object becomes by them. */
import { describe, expect, test } from "@jest/globals";
import { publicUrl, ruleFor, startFields } from "../shared/ingest/event-rule.js";
import { judgeConfig } from "../shared/validation/configuration.js";
import type { Rule } from "../shared/validation/event-rules.js";
import { fillTemplate, placesOf, templateFault } from "../shared/validation/templates.js";
import { localEnvironment } from "../local/local-environment.js";

const RULE: Rule = { Bucket: "films", Caller: "AKIDlocal", SdkAppId: 1400000000, RoomId: "r" };

const faultsOf = (variable: "RULES" | "EVENT_CALLERS", entries: unknown) => {
  const env = localEnvironment({ [variable]: JSON.stringify(entries) }, "http://127.0.0.1:3001");
  return judgeConfig(env).faults.get(variable);
};

describe("RULES", () => {
  test("are taken as they are", () => {
    expect(faultsOf("RULES", [RULE, { ...RULE, Prefix: "in/", UserId: "bot-{name}" }])).toBe(
      undefined,
    );
  });

  test.each<[string, object, string]>([
    ["no caller", { Caller: "nobody" }, "its Caller is not in CALLERS"],
    ["another's application", { SdkAppId: 1 }, "SdkAppId is none of its Caller's"],
    [
      "no application, of several",
      { SdkAppId: undefined },
      "SdkAppId is missing: its Caller has several applications",
    ],
    ["a place that is none", { RoomId: "{room}" }, "RoomId holds braces that are none of {key}"],
    ["half a place", { StreamUrl: "https://x/{key" }, "StreamUrl holds braces"],
    ["a bucket that is no host", { Bucket: "films/evil" }, "Bucket has the wrong form"],
    ["a field that is none", { Buckett: "films" }, "Buckett"],
    ["a duration past seven days", { MaxDuration: 10081 }, "MaxDuration is too large"],
    ["a round of none", { RepeatNum: 0 }, "RepeatNum may not be 0"],
  ])("are refused with %s", (_, changes, fault) => {
    const [found] = faultsOf("RULES", [RULE, { ...RULE, ...changes }]) ?? [];
    expect(found).toMatch(/^RULES\[1\]: /);
    expect(found).toContain(fault);
  });
});

describe("EVENT_CALLERS", () => {
  const entry = { Source: "ckafka:ingests", Caller: "AKIDlocal" };

  test.each<[string, unknown, string]>([
    ["an unknown caller", [{ ...entry, Caller: "x" }], "its Caller is not in CALLERS"],
    ["two callers of one source", [entry, entry], "Source is that of another"],
    ["no source", [{ Caller: "AKIDlocal" }], "Source is missing"],
  ])("are refused with %s", (_, entries, fault) => {
    expect(faultsOf("EVENT_CALLERS", entries)?.join()).toContain(fault);
  });
});

describe("a template", () => {
  test.each([
    ["in/films/a.b.mp4", "a.b", "in/films"],
    ["a.mp4", "a", ""],
    ["in/.hidden", ".hidden", "in"],
    ["in/none", "none", "in"],
    ["第 1 课.mp4", "第 1 课", ""],
  ])("of %s has its name %p and dir %p", (key, name, dir) => {
    const places = placesOf({ bucket: "films", key });
    expect(places).toEqual({ key, name, dir, bucket: "films" });
    expect(fillTemplate("{bucket}|{dir}|{name}|{key}", places)).toBe(`films|${dir}|${name}|${key}`);
  });

  test("puts in what looks like a place as it is", () => {
    const places = placesOf({ bucket: "films", key: "{name}$&.mp4" });
    expect(fillTemplate("{key}", places)).toBe("{name}$&.mp4");
  });

  test.each(["{", "}", "{}", "{keys}", "{constructor}", "a{name", "{{key}"])(
    "cannot be %s",
    (template) => {
      expect(templateFault(template)).toContain("holds braces");
    },
  );
});

describe("of the rules", () => {
  const rules = [
    { ...RULE, Prefix: "in/", Suffix: ".mp4", RoomId: "first" },
    { ...RULE, Prefix: "in/", RoomId: "second" },
  ];
  const roomFor = (bucket: string, key: string) =>
    ruleFor(rules, { storage: "cos", bucket, key })?.RoomId;

  test("the first that fits is taken", () => {
    expect(roomFor("films", "in/a.mp4")).toBe("first");
    expect(roomFor("films", "in/a.flv")).toBe("second");
    expect(roomFor("films", "out/in/a.mp4")).toBe(undefined);
    expect(roomFor("films2", "in/a.mp4")).toBe(undefined);
  });

  test("the fields are a start's, and where the rule holds is none of them", () => {
    const object = { storage: "s3", bucket: "films", key: "in/7.mp4" } as const;
    const rule: Rule = { ...RULE, RoomId: "class-{name}", UserId: "bot-{name}", RepeatNum: -1 };
    rule.RoomIdType = 0;
    Object.assign(rule, { Prefix: "in/", Region: "x", Account: "y" });
    expect(startFields(rule, object)).toEqual({
      ...{ SdkAppId: 1400000000, RoomId: "class-7", RoomIdType: 0, UserId: "bot-7" },
      RepeatNum: -1,
    });
  });

  test("a public URL has the key in it, encoded", () => {
    const object = { storage: "cos", bucket: "films", key: "in/a b?#第.mp4" } as const;
    expect(publicUrl("https://cdn.example.com/{key}?n={name}", object)).toBe(
      "https://cdn.example.com/in/a%20b%3F%23%E7%AC%AC.mp4?n=a%20b%3F%23%E7%AC%AC",
    );
  });
});
