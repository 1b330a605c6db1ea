/** RULES and EVENT_CALLERS: their valid values, and the start that a stored object causes. */
import { describe, expect, test } from "@jest/globals";
import { publicUrl, ruleFor, startFields } from "../../shared/cloud-events/rule.js";
import { judgeConfig } from "../../shared/config/configuration.js";
import type { Rule } from "../../shared/config/event-rules.js";
import { fillTemplate, placesOf, templateFault } from "../../shared/config/templates.js";
import { SCHEDULE_ID } from "../support/contract/schedules.js";
import { localEnvironment } from "../../local/environment/local-environment.js";

const RULE: Rule = { Bucket: "films", Caller: "AKIDlocal", SdkAppId: 1400000000, RoomId: "r" };

const faultsOf = (variable: "RULES" | "EVENT_CALLERS", entries: unknown) => {
  const env = localEnvironment({ [variable]: JSON.stringify(entries) }, "http://127.0.0.1:3001");
  return judgeConfig(env).faults.get(variable);
};

describe("RULES", () => {
  test("are read with all their fields", () => {
    expect(faultsOf("RULES", [RULE, { ...RULE, Prefix: "in/", UserId: "bot-{name}" }])).toBe(
      undefined,
    );
  });

  test("run a schedule instead of starting their object", () => {
    const rule = { Bucket: "films", Caller: "AKIDlocal", ScheduleId: SCHEDULE_ID };

    expect(faultsOf("RULES", [rule])).toBe(undefined);
  });

  test.each<[string, object, string]>([
    ["no caller", { Caller: "nobody" }, "its Caller is not in CALLERS"],
    ["another's application", { SdkAppId: 1 }, "its Caller may not use this SdkAppId"],
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
    ["no room and no schedule", { RoomId: undefined }, "RoomId or ScheduleId is missing"],
    ["a room beside a schedule", { ScheduleId: SCHEDULE_ID }, "has no effect beside ScheduleId"],
    ["a schedule of no such form", { ScheduleId: "lessons" }, "ScheduleId has the wrong form"],
    ["a round of none", { RepeatNum: 0 }, "RepeatNum may not be 0"],
  ])("are refused with %s", (_, changes, fault) => {
    const [text] = faultsOf("RULES", [RULE, { ...RULE, ...changes }]) ?? [];
    expect(text).toMatch(/^RULES\[1\]: /);
    expect(text).toContain(fault);
  });
});

describe("a rule's StreamUrl", () => {
  const faultOf = (StreamUrl: string) => faultsOf("RULES", [{ ...RULE, StreamUrl }])?.join() ?? "";

  test.each([
    "http://cdn.example.com{key}",
    "http://{key}",
    "http://{name}.example.com/a.mp4",
    "https://cdn.example.com:{name}/a.mp4",
    "https://{name}@cdn.example.com/{key}",
    "https://cdn.example.com@{name}/{key}",
    "https://cdn.example.com?file={key}",
    "https://cdn.example.com?file=/{key}",
    "https://cdn.example.com#{key}",
    "https://{bucket}.example.com/{key}",
    "{name}://cdn.example.com/{key}",
    "http{name}://cdn.example.com/{key}",
    "{key}",
    "//{key}",
    "https:{key}",
    "https:/{key}",
    "https:///{key}",
    "rtmp://cdn.example.com{dir}/live",
  ])("%s does not let the key choose the host", (template) => {
    expect(faultOf(template)).toMatch(
      /^RULES\[0\]: StreamUrl (has a place before the first \/ of its path|must begin with)/,
    );
  });

  test.each([
    ["https://cdn.example.com/a#{key}", "has a place in its fragment"],
    ["https://cdn.example.com/a%{name}", "has a % before a place: write %25"],
    ["https://cdn.example.com/a%4{name}", "has a % before a place: write %25"],
    ["https://cdn.example.com\\@evil.example/{key}", "backslashes"],
    ["https://cdn.example.com/\t{key}", "holds spaces, control characters"],
    ["https://me:pw@cdn.example.com/{key}", "carries a user name or password"],
    ["ftp://cdn.example.com/{key}", "must begin with http://"],
    ["https://cdn.example.com:99999/{key}", "is no URL"],
    ["https://bücher.example/{key}", "send xn--bcher-kva.example in its place"],
    ["https://cdn!.example.com/{key}", "has a host with characters other than"],
  ])("%s is refused at the start, and not with each object", (template, why) => {
    expect(faultOf(template)).toContain(why);
  });

  test.each([
    "https://cdn.example.com/{key}",
    "https://cdn.example.com:8443/{bucket}/{dir}/{name}.m3u8?k={key}",
    "https://cdn.example.com/a%20b/{key}#t=10",
    "rtmp://127.0.0.1/live/{name}",
    "https://[2606:4700::1111]/{key}",
    "https://cdn.example.com",
    "https://cdn.example.com/one-film-for-all.mp4?token=a%2Fb",
  ])("%s is accepted", (template) => {
    expect(faultOf(template)).toBe("");
  });

  test("no key moves the host, ends the path or adds a fragment", () => {
    const template = "https://cdn.example.com/{key}?n={name}&d={dir}";
    const keys = [
      ...["@evil.example/a.mp4", ".evil.example/a.mp4", ":8080/a.mp4", "\\evil.example/a.mp4"],
      ...["a?b#c&d=e.mp4", "//evil.example/a.mp4", "a\tb\n.mp4", "%2e%2e/a.mp4", "b\u00fccher.mp4"],
    ];
    for (const key of keys) {
      const url = new URL(publicUrl(template, { storage: "s3", bucket: "films", key }));
      expect(url.host).toBe("cdn.example.com");
      expect(url.hash).toBe("");
      expect([...url.searchParams.keys()]).toEqual(["n", "d"]);
      expect(decodeURIComponent(url.pathname)).toBe(`/${key}`);
    }
  });
});

describe("EVENT_CALLERS", () => {
  const entry = { Source: "ckafka:ingests", Caller: "AKIDlocal" };

  test.each<[string, unknown, string]>([
    ["an unknown caller", [{ ...entry, Caller: "x" }], "its Caller is not in CALLERS"],
    ["two callers of one source", [entry, entry], "Source is used by another entry"],
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
  ])("for %s gets the name %p and the dir %p", (key, name, dir) => {
    const places = placesOf({ bucket: "films", key });
    expect(places).toEqual({ key, name, dir, bucket: "films" });
    expect(fillTemplate("{bucket}|{dir}|{name}|{key}", places)).toBe(`films|${dir}|${name}|${key}`);
  });

  test("inserts a value that looks like a placeholder unchanged", () => {
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

describe("among the rules,", () => {
  const rules = [
    { ...RULE, Prefix: "in/", Suffix: ".mp4", RoomId: "first" },
    { ...RULE, Prefix: "in/", RoomId: "second" },
  ];
  const roomFor = (bucket: string, key: string) =>
    ruleFor(rules, { storage: "cos", bucket, key })?.RoomId;

  test("the first that matches is used", () => {
    expect(roomFor("films", "in/a.mp4")).toBe("first");
    expect(roomFor("films", "in/a.flv")).toBe("second");
    expect(roomFor("films", "out/in/a.mp4")).toBe(undefined);
    expect(roomFor("films2", "in/a.mp4")).toBe(undefined);
  });

  test("the matching rule gives the start's fields, without its own conditions", () => {
    const object = { storage: "s3", bucket: "films", key: "in/7.mp4" } as const;
    const rule: Rule = { ...RULE, RoomId: "class-{name}", UserId: "bot-{name}", RepeatNum: -1 };
    rule.RoomIdType = 0;
    Object.assign(rule, { Prefix: "in/", Region: "x", Account: "y" });
    expect(startFields(rule, object)).toEqual({
      SdkAppId: 1400000000,
      RoomId: "class-7",
      RoomIdType: 0,
      UserId: "bot-7",
      RepeatNum: -1,
    });
  });

  test("the matching rule's public URL contains the encoded key", () => {
    const object = { storage: "cos", bucket: "films", key: "in/a b?#第.mp4" } as const;
    expect(publicUrl("https://cdn.example.com/{key}?n={name}", object)).toBe(
      "https://cdn.example.com/in/a%20b%3F%23%E7%AC%AC.mp4?n=a%20b%3F%23%E7%AC%AC",
    );
  });
});
