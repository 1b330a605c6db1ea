/** Tencent Cloud API 3.0 as TRTC speaks it: caller, action, endpoint and form. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DEFAULT_ACCOUNTS } from "../../emulator/defaults.js";
import type { Emulator } from "../../emulator/server.js";
import { addMs, MINUTE_MS, systemClock, unixSeconds } from "../../shared/clock.js";
import {
  CN_APP,
  cnSdk,
  codeOf,
  INTL_APP,
  type Send,
  startFields,
  startTestEmulator,
} from "../support/http/emulator-client.js";
import {
  answerToBytes,
  codeIn,
  expectRefusal,
  FORM,
  NAMED,
  type RawCaller,
  rawCaller,
  UNREADABLE,
} from "../support/http/raw-call.js";

let emulator: Emulator;
let send: Send;
let caller: RawCaller;
beforeAll(async () => {
  emulator = await startTestEmulator({
    accounts: { ...DEFAULT_ACCOUNTS, AKIDsession: { secretKey: "session", token: "of-today" } },
    switches: { callsPerSecond: 10_000 },
  });
  send = cnSdk(emulator);
  caller = rawCaller(emulator.url);
});
afterAll(() => emulator.close());

describe("a call", () => {
  test.each([
    ["with a wrong key", "AuthFailure.SignatureFailure", { secretKey: "wrong" }],
    ["with an unknown SecretId", "AuthFailure.SecretIdNotFound", { secretId: "AKIDnobody" }],
    ["with what is no cloud key", "AuthFailure.InvalidSecretId", { secretId: "caller" }],
    ["with a token that is not theirs", "AuthFailure.TokenFailure", { token: "stolen" }],
    [
      "with a temporary key but no token",
      "AuthFailure.TokenFailure",
      { secretId: "AKIDsession", secretKey: "session" },
    ],
    [
      "in the older way, with a wrong key",
      "AuthFailure.SignatureFailure",
      { secretKey: "wrong", signMethod: "HmacSHA1" },
    ],
  ] as const)("with %s is refused: %s", async (_what, code, options) => {
    const call = cnSdk(emulator, options)("DescribeStreamIngest", NAMED);
    expect(await codeOf(call)).toBe(code);
  });

  test("with a temporary key and its token is accepted", async () => {
    const session = { secretId: "AKIDsession", secretKey: "session", token: "of-today" };
    expect(await cnSdk(emulator, session)("DescribeStreamIngest", NAMED)).toHaveProperty("Status");
  });

  test.each([6, -6])("signed %d minutes off is refused", async (minutes) => {
    const now = addMs(systemClock.now(), minutes * MINUTE_MS);
    const tc3 = await caller.sendSigned({}, now);
    expect(codeIn(tc3)).toBe("AuthFailure.SignatureExpire");
    const v1 = await caller.raw({
      headers: FORM,
      body: caller.form({ Timestamp: String(unixSeconds(now)) }),
    });
    expect(codeIn(v1)).toBe("AuthFailure.SignatureExpire");
  });

  test("signed four minutes off is accepted", async () => {
    const now = addMs(systemClock.now(), -4 * MINUTE_MS);
    expect(codeIn(await caller.sendSigned({}, now))).toBeUndefined();
  });

  test("without credentials is refused", async () => {
    expect(codeIn(await caller.raw({}))).toBe("AuthFailure.InvalidAuthorization");
    expect(codeIn(await caller.raw({ headers: { authorization: "SKIP" } }))).toBe(
      "AuthFailure.InvalidAuthorization",
    );
    expect(
      codeIn(await caller.raw({ headers: { authorization: "TC3-HMAC-SHA256 garbage" } })),
    ).toBe("AuthFailure.InvalidAuthorization");
  });

  test("whose body was changed after signing is refused", async () => {
    const message = caller.sign();
    const body = Buffer.from(JSON.stringify({ ...NAMED, SdkAppId: INTL_APP }));
    expect(codeIn(await caller.raw({ ...message, body }))).toBe("AuthFailure.SignatureFailure");
  });
});

describe("a call's action, version and region", () => {
  test.each([
    ["an unknown action", "InvalidAction", { "x-tc-action": "StartEverything" }],
    ["an action of our own", "InvalidAction", { "x-tc-action": "ListStreamIngests" }],
    ["an object's own word", "InvalidAction", { "x-tc-action": "constructor" }],
    ["no action", "MissingParameter", { "x-tc-action": "" }],
    ["another version", "NoSuchVersion", { "x-tc-version": "2020-01-01" }],
    ["no version", "MissingParameter", { "x-tc-version": "" }],
    ["no region", "MissingParameter", { "x-tc-region": "" }],
    ["a region without the action", "UnsupportedRegion", { "x-tc-region": "ap-tokyo" }],
  ])("are refused when wrong: %s with %s", async (_what, code, headers) => {
    expect(codeIn(await caller.sendSigned({ headers }))).toBe(code);
  });

  test("may start a task in regions of the international site where no call can stop it", async () => {
    const tokyo = cnSdk(emulator, { region: "ap-tokyo" });
    const { TaskId } = await tokyo("StartStreamIngest", startFields(INTL_APP));
    const call = tokyo("StopStreamIngest", { SdkAppId: INTL_APP, TaskId });
    expect(await codeOf(call)).toBe("UnsupportedRegion");
    const singapore = cnSdk(emulator, { region: "ap-singapore" });
    await singapore("StopStreamIngest", { SdkAppId: INTL_APP, TaskId });
  });

  test.each([
    [CN_APP, "ap-beijing", undefined],
    [CN_APP, "ap-singapore", "UnsupportedRegion"],
    [INTL_APP, "ap-singapore", undefined],
    [INTL_APP, "ap-tokyo", "UnsupportedRegion"],
  ])("with RemoveUser for application %d in %s get the code %s", async (SdkAppId, region, code) => {
    const call = cnSdk(emulator, { region })("RemoveUser", { SdkAppId, RoomId: 1, UserIds: ["a"] });
    expect(await codeOf(call)).toBe(code ?? "FailedOperation.RoomNotExist");
  });
});

describe("the form of a request:", () => {
  test.each(["PUT", "DELETE", "OPTIONS"])(
    "the method %s gets UnsupportedProtocol",
    async (method) => {
      expect(codeIn(await caller.raw({ method }))).toBe("UnsupportedProtocol");
    },
  );

  test.each(["{", "[]", "null", '"text"', "7", "", "\0", "[".repeat(200_000)])(
    "a body that is no JSON object is refused",
    async (text) => {
      const answer = await caller.sendSigned({ body: Buffer.from(text) });
      expect(codeIn(answer)).toBe("InvalidParameter.BodyParamsError");
    },
  );

  test("a body of another type is refused", async () => {
    const headers = { "content-type": "text/plain" };
    expect(codeIn(await caller.sendSigned({ headers }))).toBe("InvalidParameter.BodyParamsError");
  });

  test("a JSON body over 10 MB is refused, and the next call is served", async () => {
    const body = Buffer.alloc(10 * 1024 * 1024 + 1, " ");
    expect(codeIn(await caller.sendSigned({ body }))).toBe("RequestSizeLimitExceeded");
    const large = Buffer.from(JSON.stringify(NAMED).padEnd(10 * 1024 * 1024));
    expect(codeIn(await caller.sendSigned({ body: large }))).toBeUndefined();
  });

  test("a form over 1 MB is refused", async () => {
    const body = caller.form({ StreamUrl: "a".repeat(1024 * 1024) });
    expect(codeIn(await caller.raw({ headers: FORM, body }))).toBe("RequestSizeLimitExceeded");
  });

  test("a query over 32 KB is refused", async () => {
    const query = caller.form({ StreamUrl: "a".repeat(32 * 1024) }, "GET");
    expect(codeIn(await caller.raw({ method: "GET", path: `/?${query}` }))).toBe(
      "RequestSizeLimitExceeded",
    );
  });

  test.each([
    ["a number that is none", { SdkAppId: "14e8" }, "InvalidParameter.SdkAppId"],
    ["an unknown field", { Colour: "red" }, "UnknownParameter"],
    ["a list where there is none", { "TaskId.0": "a" }, "InvalidParameter.TaskId"],
    ["a field of the prototype", { __proto__x: "1" }, "UnknownParameter"],
    ["an empty field, as if it were not sent", { StreamUrl: "" }, undefined],
  ])("a form with %s", async (_what, changes, code) => {
    expect(codeIn(await caller.raw({ headers: FORM, body: caller.form(changes) }))).toBe(code);
  });

  test("a well-formed trace id of an SDK is repeated, and no other one", async () => {
    const echo = async (traceId: string) =>
      (await caller.raw({ headers: { "x-tc-traceid": traceId } })).headers["x-tc-traceid"];
    expect(await echo("2f8f6b5e-1c1e")).toBe("2f8f6b5e-1c1e");
    expect(await echo("<script>")).toBeUndefined();
  });

  test.each(UNREADABLE)(
    "%s is refused in Tencent's form, and closes only its own connection",
    async (_name, bytes, status, code) => {
      expectRefusal(await answerToBytes(emulator.url, bytes), { status, code });
      expect(await send("DescribeStreamIngest", NAMED)).toHaveProperty("Status");
    },
  );
});
