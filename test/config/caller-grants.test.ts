/**
 * What a caller may name: rooms by RoomPattern, users by UserPattern. Another caller's robots and
 * rooms stay hidden.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { readConfig } from "../../shared/config/configuration.js";
import { signUserSig } from "../../shared/signing/trtc/user-sig.js";
import { type Answer, CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";
import { SET, stopping, withCaller } from "../support/contract/settings.js";
import { nextRoom } from "../support/app/rooms.js";

const KEYS = {
  plain: "plain-caller-secret-key",
  named: "named-caller-secret-key",
  few: "few-caller-secret-key",
  slow: "slow-caller-secret-key",
};

let app: TestApp;
beforeAll(async () => {
  const callers = [
    { Id: "plain", SecretKeys: [KEYS.plain], SdkAppIds: [CN_APP] },
    { Id: "few", SecretKeys: [KEYS.few], SdkAppIds: [CN_APP], MaxIngests: 2 },
    { Id: "slow", SecretKeys: [KEYS.slow], SdkAppIds: [CN_APP], StartsPerMinute: 2 },
    {
      Id: "named",
      SecretKeys: [KEYS.named],
      SdkAppIds: [CN_APP],
      UserPattern: "dj-[a-z]+|host",
      RoomPattern: "([a-z0-9]+-?)+",
    },
  ];
  app = await startTestApp({ env: { CALLERS: JSON.stringify(callers) } });
});
afterAll(() => app.close());

const as = (who: keyof typeof KEYS, functionName: string, fields: object) =>
  app.post(functionName, { SdkAppId: CN_APP, ...fields }, { authorization: `Bearer ${KEYS[who]}` });

function start(who: keyof typeof KEYS, fields: object): Promise<Answer> {
  const media = { StreamUrl: app.clip, RepeatNum: -1, MaxDuration: 5 };
  return as(who, "start-ingest", { RoomId: nextRoom(), RoomIdType: 0, ...media, ...fields });
}

function sigOf(userId: string): string {
  const { secretKey = "" } = DEFAULT_APPLICATIONS.find(({ sdkAppId }) => sdkAppId === CN_APP) ?? {};
  return signUserSig({ sdkAppId: CN_APP, secretKey, userId, lifetimeSeconds: 3600 }, new Date());
}

describe("a UserId without its UserSig", () => {
  test.each([
    ["plain", "teacher-alice"],
    ["plain", "robot_01m84axpb20gf3remjtvp80pzq"],
    ["named", "teacher-alice"],
    ["named", "dj-"],
    ["named", "my-dj-bob"],
    ["named", "host2"],
    ["named", "xhost"],
  ] as const)("is refused to the caller %s that may not name %s", async (who, UserId) => {
    const calls = app.trtc.calls("StartStreamIngest");
    const RoomId = nextRoom();
    const { status, response } = await start(who, { UserId, RoomId });
    expect([status, response.Error]).toEqual([
      403,
      {
        Code: "UnauthorizedOperation",
        Message:
          "The caller may not have a login made for this UserId: send its UserSig with it, leave UserId out to get a robot of its own, or have a UserPattern set that it fits.",
      },
    ]);
    expect(app.trtc.calls("StartStreamIngest")).toBe(calls);
    expect((await as(who, "list-ingests", { RoomId })).response).toMatchObject({
      Ingests: [],
    });
  });

  test.each(["dj-bob", "host"])(
    "gets a UserSig when it matches the UserPattern: %s",
    async (UserId) => {
      const { response } = await start("named", { UserId });
      expect(response).toMatchObject({ UserId });
    },
  );

  test("gets no UserSig just because a PrivateMapKey came with it", async () => {
    const { response } = await start("plain", { UserId: "teacher-alice", PrivateMapKey: "eJw*" });
    expect(response.Error?.Code).toBe("UnauthorizedOperation");
  });
});

test("a UserId with its UserSig needs no UserPattern", async () => {
  const UserId = "teacher-alice";
  const { response } = await start("plain", { UserId, UserSig: sigOf(UserId) });
  expect(response).toMatchObject({ UserId });
});

test("a pattern that backtracks in other engines is matched at once", async () => {
  const before = process.cpuUsage();
  const { response } = await start("named", { RoomId: `${"a".repeat(28)}!` });
  const { user } = process.cpuUsage(before);
  expect(response.Error?.Code).toBe("UnauthorizedOperation");
  expect(user).toBeLessThan(3_000_000);
});

describe("a caller's quotas", () => {
  test("refuse a start over MaxIngests with the figures, until an ingest has ended", async () => {
    const first = await start("few", {});
    await start("few", { ClientToken: "second" });
    const { status, response } = await start("few", {});
    expect([status, response.Error]).toEqual([
      429,
      {
        Code: "LimitExceeded",
        Message:
          "The caller has 2 ingests live and may have 2 (MaxIngests): stop one, or wait until one ends, and send the request again.",
      },
    ]);
    await as("few", "stop-ingest", { TaskId: first.response["TaskId"] });
    expect((await start("few", {})).status).toBe(200);
    expect((await start("plain", {})).status).toBe(200);
  });

  test("refuse a start over StartsPerMinute with the figures, although the ingests have ended", async () => {
    for (let n = 0; n < 2; n += 1) {
      const { response } = await start("slow", {});
      await as("slow", "stop-ingest", { TaskId: response["TaskId"] });
    }
    const { status, response } = await start("slow", {});
    expect([status, response.Error?.Code]).toEqual([429, "RequestLimitExceeded"]);
    expect(response.Error?.Message).toMatch(
      /^The caller has started 2 ingests within a minute and may start 2 \(StartsPerMinute\): send the request again in [1-6]?\d s\.$/,
    );
  });
});

describe("another caller's ingests", () => {
  const ALL_OF_IT = /dj-carl|secret-room|plays|room|ten minutes/;

  test("make a UserId taken, and reveal nothing else", async () => {
    const { response: theirs } = await start("named", { UserId: "dj-carl", RoomId: "secret-room" });
    const UserSig = sigOf("dj-carl");
    const { status, response } = await start("plain", { UserId: "dj-carl", UserSig });
    expect(theirs["TaskId"]).toBeDefined();
    expect([status, response.Error]).toEqual([
      409,
      {
        Code: "FailedOperation.TaskExist",
        Message:
          "This UserId is not free: send another, or leave UserId out to get a robot of its own.",
      },
    ]);
    expect(response.Error?.Message).not.toMatch(ALL_OF_IT);
  });

  test("do not exist for this caller, by either TaskId, in every function", async () => {
    const { response: theirs } = await start("named", { RoomId: "secret-room-2" });
    const functions = ["stop-ingest", "update-ingest", "describe-ingest"];
    const ids = [theirs["TaskId"], theirs["TrtcTaskId"]];
    const bodyOf = (functionName: string, TaskId: unknown) => ({
      TaskId,
      ...(functionName === "update-ingest" && { Volume: 5 }),
    });
    const answerTo = async (functionName: string, TaskId: unknown) => {
      const { status, response } = await as("plain", functionName, bodyOf(functionName, TaskId));
      return [status, response.Error];
    };
    for (const functionName of functions) {
      const never = await answerTo(functionName, "ing-00000000000000000000000000");
      for (const id of ids) expect(await answerTo(functionName, id)).toEqual(never);
    }
    const { response: list } = await as("plain", "list-ingests", { RoomId: "secret-room-2" });
    expect(list["Ingests"]).toEqual([]);
    const { response: mine } = await as("named", "describe-ingest", { TaskId: ids[0] });
    expect(mine).toMatchObject({ State: "running" });
  });

  test("may have the same ClientToken", async () => {
    const ClientToken = "order-4711";
    const { response: theirs } = await start("named", { ClientToken });
    const { response: mine } = await start("plain", { ClientToken });
    expect(mine["TaskId"]).toBeDefined();
    expect(mine["TaskId"]).not.toBe(theirs["TaskId"]);
  });
});

describe("a caller's pattern", () => {
  test.each(["([a-z0-9]+-?)+", "(a+)+", "(a|a)*", "(a|aa)+", "(\\w+\\s?)*", "(.*a){25}"])(
    "%s takes no longer for 64 characters than for one",
    (RoomPattern) => {
      const rule = withCaller({ RoomPattern }).callers.get("backend")?.roomRule;
      const before = process.cpuUsage();
      for (const letter of "a0- ") rule?.test(`${letter.repeat(63)}!`);
      expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
      expect(rule?.test(`${"a".repeat(63)}!`)).toBe(false);
    },
  );

  test.each(
    ["RoomPattern", "UserPattern"].flatMap((name) =>
      [
        "(?=a)b",
        "(?!a)b",
        "(?<=a)b",
        "(?<!a)b",
        "(a)\\1",
        "(?<n>a)\\k<n>",
        "a{1001}",
        "\\u0061",
      ].map((pattern) => [name, pattern] as const),
    ),
  )("with %s, which no linear engine can match, is refused: %s", (name, pattern) => {
    expect(stopping(() => withCaller({ [name]: pattern }))).toBe(
      `CALLERS[0]: ${name} has a part that the linear-time engine does not support: write it without lookahead, lookbehind, backreference, \\u escape, and repetition over 1000`,
    );
  });

  test("uses JavaScript's syntax, and no other", () => {
    const fits = (RoomPattern: string, room: string) =>
      withCaller({ RoomPattern }).callers.get("backend")?.roomRule?.test(room);
    expect(fits("\\x61(?:b)(?<last>c)\\.", "abc.")).toBe(true);
    expect(fits("^a$", "a")).toBe(true);
    expect(fits("a|b", "ab")).toBe(false);
    expect(fits("a.*", "a\nb")).toBe(false);
    expect(stopping(() => withCaller({ RoomPattern: "(?i)a" }))).toMatch(
      /not a regular expression$/,
    );
  });

  test("does not load the regular-expression engine when it is not set", () => {
    expect(readConfig(SET).callers.get("backend")).toMatchObject({
      roomRule: undefined,
      userRule: undefined,
    });
  });
});
