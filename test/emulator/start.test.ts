/** The refusals of a start, as TRTC gives them, through the official SDK. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import { ROBOT_PRIVILEGES, signPrivateMapKey } from "../../shared/signing/trtc/private-map-key.js";
import type { Emulator } from "../../emulator/server.js";
import {
  ADVANCED_APP,
  CN_APP,
  cnSdk,
  codeOf,
  type Fields,
  FOREIGN_APP,
  INTL_APP,
  keyOf,
  LOCKED_APP,
  NO_RTMP_APP,
  type Send,
  startFields,
  startRestrictedEmulator,
  userSig,
} from "../support/http/emulator-client.js";

let emulator: Emulator;
let send: Send;

beforeAll(async () => {
  emulator = await startRestrictedEmulator();
  send = cnSdk(emulator);
});
afterAll(() => emulator.close());

const start = (fields: Fields = {}, sdkAppId = CN_APP): Promise<Fields> =>
  send("StartStreamIngest", startFields(sdkAppId, fields));

const without = (field: string, fields = startFields()): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field));

describe("StartStreamIngest is refused", () => {
  const refusals: [what: string, code: string, call: () => Promise<unknown>][] = [
    [
      "without RoomId",
      "MissingParameter.RoomId",
      () => send("StartStreamIngest", without("RoomId")),
    ],
    [
      "without SdkAppId",
      "MissingParameter.SdkAppId",
      () => send("StartStreamIngest", without("SdkAppId")),
    ],
    ["without UserSig", "MissingParameter", () => send("StartStreamIngest", without("UserSig"))],
    ["without UserId", "MissingParameter", () => send("StartStreamIngest", without("UserId"))],
    [
      "without RoomIdType",
      "MissingParameter",
      () => send("StartStreamIngest", without("RoomIdType")),
    ],
    [
      "on the Chinese site, without StreamUrl",
      "MissingParameter",
      () => send("StartStreamIngest", without("StreamUrl")),
    ],
    [
      "on the international site, without StreamUrl",
      "InvalidParameter.StreamUrl",
      () => send("StartStreamIngest", without("StreamUrl", startFields(INTL_APP))),
    ],
    ["for an unknown application", "InvalidParameter.SdkAppId", () => start({}, 1)],
    [
      "for an application that is a text",
      "InvalidParameter.SdkAppId",
      () => start({ SdkAppId: String(CN_APP) }),
    ],
    [
      "for an application of another account",
      "UnauthorizedOperation.SdkAppId",
      () => start({}, FOREIGN_APP),
    ],
    [
      "into a numeric room that is no number",
      "InvalidParameter.RoomId",
      () => start({ RoomId: "room123", RoomIdType: 1 }),
    ],
    ["into a room that is a number", "InvalidParameter.RoomId", () => start({ RoomId: 123 })],
    ["into a room with a slash", "InvalidParameter.StrRoomId", () => start({ RoomId: "a/b" })],
    [
      "with a relative StreamUrl",
      "InvalidParameter.StreamUrl",
      () => start({ StreamUrl: "/a.mp4" }),
    ],
    [
      "with a StreamUrl of another scheme",
      "InvalidParameter.StreamUrl",
      () => start({ StreamUrl: "ftp://a.example.com/a.mp4" }),
    ],
    [
      "with a StreamUrl without a host",
      "InvalidParameter.StreamUrl",
      () => start({ StreamUrl: "http:///a.mp4" }),
    ],
    ["with a forged UserSig", "InvalidParameter.UserSig", () => start({ UserSig: "eJwrSS0u" })],
    [
      "with another user's UserSig",
      "InvalidParameter.UserSig",
      () => start({ UserSig: userSig(CN_APP, "somebody") }),
    ],
    [
      "with another application's UserSig",
      "InvalidParameter.UserSig",
      () => start({ UserId: "r", UserSig: userSig(INTL_APP, "r") }),
    ],
    [
      "with an expired UserSig",
      "InvalidParameter.UserSig",
      () => start({ UserId: "r", UserSig: userSig(CN_APP, "r", new Date("2024-01-01")) }),
    ],
    ["with a UserId of signs", "InvalidParameter.UserId", () => start({ UserId: "ro bot" })],
    ["with RepeatNum 0", "InvalidParameter.OutOfRange", () => start({ RepeatNum: 0 })],
    ["with RepeatNum 1001", "InvalidParameter.OutOfRange", () => start({ RepeatNum: 1001 })],
    ["with MaxDuration 10081", "InvalidParameter.OutOfRange", () => start({ MaxDuration: 10081 })],
    [
      "with Volume 201 on the Chinese site",
      "InvalidParameter.OutOfRange",
      () => start({ Volume: 201 }),
    ],
    [
      "with Volume 101 on the international site",
      "InvalidParameter.OutOfRange",
      () => start({ Volume: 101 }, INTL_APP),
    ],
    ["with Tempo 3", "InvalidParameterValue", () => start({ Tempo: 3 })],
    ["with IdleTimeout 601", "InvalidParameter.OutOfRange", () => start({ IdleTimeout: 601 })],
    [
      "with the Chinese site's Tempo on the international one",
      "UnknownParameter",
      () => start({ Tempo: 1 }, INTL_APP),
    ],
    [
      "with a ClientToken, which is not TRTC's",
      "UnknownParameter",
      () => start({ ClientToken: "a" }),
    ],
    ["with a StopTime, which is not TRTC's", "UnknownParameter", () => start({ StopTime: "a" })],
    ["where ingest is locked", "FailedOperation.NotAllowed", () => start({}, LOCKED_APP)],
    [
      "from RTMP where RTMP is locked",
      "FailedOperation.NotRtmpFunction",
      () => start({ StreamUrl: "rtmp://a.example.com/live" }, NO_RTMP_APP),
    ],
  ];

  test.each(refusals)("%s: %s", async (_what, code, call) => {
    const accepted = emulator.tasks().length;
    expect(await codeOf(call())).toBe(code);
    expect(emulator.tasks()).toHaveLength(accepted);
  });

  test("while the same robot plays, with FailedOperation.TaskExist", async () => {
    await start({ UserId: "twin" });
    expect(await codeOf(start({ UserId: "twin", RoomId: "other" }))).toBe(
      "FailedOperation.TaskExist",
    );
  });

  test("over the concurrency quota, with FailedOperation.RestrictedConcurrency, until a task ends", async () => {
    const switches = emulator.switches.read();
    const playing = emulator.tasks().filter(({ state }) => state !== "ended").length;
    emulator.switches.replace({ ...switches, concurrency: playing + 1 });
    const { TaskId } = await start();
    expect(await codeOf(start())).toBe("FailedOperation.RestrictedConcurrency");
    await send("StopStreamIngest", { SdkAppId: CN_APP, TaskId });
    await start();
    emulator.switches.replace(switches);
  });

  test("for an RTMP source where RTMP is locked, but not on the Chinese site, which has no such code", async () => {
    expect(await start({}, CN_APP)).toHaveProperty("TaskId");
  });
});

describe("under advanced permission control, a start", () => {
  const sign = (changes: object): string => {
    const robot = { sdkAppId: ADVANCED_APP, secretKey: keyOf(ADVANCED_APP), userId: "guarded" };
    const room = { roomId: "room", roomIdType: 0 } as const;
    const permission = { ...robot, ...room, privileges: ROBOT_PRIVILEGES, lifetimeSeconds: 300 };
    return signPrivateMapKey({ ...permission, ...changes }, systemClock.now());
  };
  const startGuarded = (fields: Fields) => start({ UserId: "guarded", ...fields }, ADVANCED_APP);

  test("without a PrivateMapKey is refused", async () => {
    expect(await codeOf(startGuarded({}))).toBe("MissingParameter");
  });

  test.each([
    ["of another room", { roomId: "elsewhere" }],
    ["of a numeric room", { roomId: "7", roomIdType: 1 }],
    ["of another user", { userId: "other" }],
    ["without the right to send video", { privileges: 7 }],
    ["signed with another key", { secretKey: keyOf(INTL_APP) }],
  ])("with a PrivateMapKey %s is refused", async (_what, changes) => {
    const PrivateMapKey = sign(changes);
    expect(await codeOf(startGuarded({ PrivateMapKey }))).toBe("InvalidParameter.PrivateMapKey");
  });

  test("with the robot's PrivateMapKey is accepted", async () => {
    expect(await startGuarded({ PrivateMapKey: sign({}) })).toHaveProperty("TaskId");
  });
});

describe("a second robot of the same name", () => {
  const again = { UserId: "same", RoomId: "second" };

  test("of another application is another robot", async () => {
    await start({ UserId: "same" });
    expect(await start(again, INTL_APP)).toHaveProperty("TaskId");
  });

  test("ends the first one when the switch sameRobot is interrupt", async () => {
    const switches = emulator.switches.read();
    emulator.switches.replace({ ...switches, sameRobot: "interrupt" });
    const { TaskId } = await start(again);
    emulator.switches.replace(switches);
    const robots = emulator.tasks().filter((t) => t.userId === "same" && t.sdkAppId === CN_APP);
    expect(robots.map(({ endReason }) => endReason)).toEqual(["interrupted", null]);
    expect(robots[1]?.taskId).toBe(TaskId);
  });
});
