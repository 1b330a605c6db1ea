/** Every function answers a plain HTTP client's errors with correct statuses. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ERROR_TABLE, type ErrorCode } from "../../shared/contract/error-table.js";
import { ACTIONS, isAction } from "../../shared/contract/schemas.js";
import { BAD_INPUT } from "../support/contract/bad-input.js";
import { FUNCTION_OF, EVERY_FUNCTION } from "../support/app/functions.js";
import { type Answer, CN_APP, type TestApp, KEY, startTestApp } from "../support/app/test-app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const JSON_TYPE = { "content-type": "application/json" };
const WITH_KEY = { authorization: `Bearer ${KEY}` };

async function send(path: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(`${app.url}${path}`, init);
  const { Response } = (await answer.json()) as { Response: Answer["response"] };
  return { status: answer.status, headers: answer.headers, response: Response };
}

const start = (RoomId: string) => ({
  SdkAppId: CN_APP,
  RoomId,
  RoomIdType: 0,
  StreamUrl: app.clip,
  RepeatNum: -1,
});
const codeOf = ({ status, response }: Answer) => [status, response.Error?.Code];
const lastLine = () => JSON.parse(app.logLines.at(-1) ?? "{}") as Record<string, unknown>;

describe("a refusal has the status of its code", () => {
  test.each(BAD_INPUT)("%s for %j", async (code, { action, fields }) => {
    const before = await app.truth.calls();
    const base = { ...(action === "StartStreamIngest" ? start("bad") : {}), SdkAppId: CN_APP };
    const ways = isAction(action) ? [FUNCTION_OF[action], "api"] : ["api"];
    for (const functionName of ways) {
      const answer = await app.post(
        functionName,
        { ...base, ...fields },
        { "x-tc-action": action },
      );
      expect(codeOf(answer)).toEqual([ERROR_TABLE[code as ErrorCode].status, code]);
      expect(answer.response.Error?.Message).toMatch(/\w.*\.$/);
    }
    expect(await app.truth.calls()).toEqual(before);
  });
});

describe.each(EVERY_FUNCTION)("the function %s", (functionName) => {
  const action = ACTIONS.find((each) => FUNCTION_OF[each] === functionName) ?? "ListStreamIngests";
  const headers = { ...WITH_KEY, ...JSON_TYPE, "x-tc-action": action };
  const knock = (init: RequestInit) =>
    send(`/${functionName}`, { method: "POST", headers, ...init });

  test.each<[string, string | undefined, string]>([
    ["no key", undefined, "AuthFailure.InvalidAuthorization"],
    ["a wrong key", `Bearer ${KEY}x`, "AuthFailure.SecretIdNotFound"],
    ["an empty key", "Bearer ", "AuthFailure.InvalidAuthorization"],
    ["another scheme", `Basic ${btoa(`AKIDlocal:${KEY}`)}`, "AuthFailure.InvalidAuthorization"],
  ])("answers 401 to %s, and says what to send", async (_, authorization, code) => {
    const { authorization: __, ...keyless } = headers;
    const answer = await knock({
      headers: { ...keyless, ...(authorization !== undefined && { authorization }) },
      body: "{}",
    });
    expect(codeOf(answer)).toEqual([401, code]);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test.each(["PUT", "DELETE", "PATCH", "OPTIONS"])("answers 405 to %s", async (method) => {
    const answer = await knock({ method });
    expect(codeOf(answer)).toEqual([405, "UnsupportedProtocol"]);
    expect(answer.headers.get("allow")).toBe("GET, POST");
  });

  test("answers 413 to a body of a byte over 1 MB", async () => {
    const body = JSON.stringify({ TaskId: "t".repeat(1024 * 1024) });
    expect(codeOf(await knock({ body }))).toEqual([413, "RequestSizeLimitExceeded"]);
  });

  test.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ["broken JSON", '{"SdkAppId":1400000000,'],
    ["text", "SdkAppId=1400000000"],
    ["JSON that is a list", "[]"],
    ["JSON that is a text", '"SdkAppId"'],
    ["JSON that is null", "null"],
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
  ])("answers 400 to %s", async (_, body) => {
    expect(codeOf(await knock({ body }))).toEqual([400, "InvalidParameter.BodyParamsError"]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])(
    "answers 400 to the type '%s'",
    async (type) => {
      const answer = await knock({ headers: { ...headers, "content-type": type }, body: "{}" });
      expect(codeOf(answer)).toEqual([400, "InvalidParameter.BodyParamsError"]);
      expect(answer.response.Error?.Message).toContain("application/json");
    },
  );

  test("answers 400 to an action of another function, and to an unknown version", async () => {
    const elsewhere = {
      ...headers,
      "x-tc-action": functionName === "api" ? "Dance" : "StartRelay",
    };
    expect(codeOf(await knock({ headers: elsewhere, body: "{}" }))).toEqual([400, "InvalidAction"]);
    const future = { ...headers, "x-tc-version": "2020-01-01" };
    expect(codeOf(await knock({ headers: future, body: "{}" }))).toEqual([400, "NoSuchVersion"]);
  });

  test("has the same RequestId in its answer and in the log", async () => {
    const asked = [{}, { headers: JSON_TYPE }, { method: "PUT" }, { body: "{" }];
    for (const init of asked) {
      const { response } = await knock(init);
      expect(response.RequestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(lastLine()).toMatchObject({
        function: functionName,
        requestId: response.RequestId,
        outcome: response.Error?.Code ?? "ok",
      });
    }
  });
});
