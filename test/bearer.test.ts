/** Plain HTTP with a Bearer key: every door, honest statuses, and curl itself. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ERROR_TABLE, type ErrorCode } from "../shared/error-table.js";
import { type Action, ACTIONS } from "../shared/validation/schemas.js";
import { BAD_INPUT } from "./support/bad-input.js";
import { type Answer, CN_APP, type House, KEY, openHouse } from "./support/house.js";

const DOORS: Record<Action, string> = {
  StartStreamIngest: "start-ingest",
  StopStreamIngest: "stop-ingest",
  UpdateStreamIngest: "update-ingest",
  DescribeStreamIngest: "describe-ingest",
  ListStreamIngests: "list-ingests",
};
const EVERY_DOOR = [...Object.values(DOORS), "api"];

const isAction = (name: string): name is Action => Object.hasOwn(DOORS, name);

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const JSON_TYPE = { "content-type": "application/json" };
const WITH_KEY = { authorization: `Bearer ${KEY}` };

async function send(path: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(`${house.url}${path}`, init);
  const { Response } = (await answer.json()) as { Response: Answer["response"] };
  return { status: answer.status, headers: answer.headers, response: Response };
}

/** An action by its own door, and by the one that serves all of them. */
const WAYS: [way: string, call: (action: Action, fields: object) => Promise<Answer>][] = [
  ["its own door", (action, fields) => house.post(DOORS[action], fields)],
  ["api, by X-TC-Action", (action, fields) => house.post("api", fields, { "x-tc-action": action })],
  ["/, by X-TC-Action", (action, fields) => house.post("", fields, { "x-tc-action": action })],
  ["api, by ?Action=", (action, fields) => house.post(`api?Action=${action}`, fields)],
];

const start = (RoomId: string) => ({
  ...{ SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: house.clip, RepeatNum: -1 },
});
const codeOf = ({ status, response }: Answer) => [status, response.Error?.Code];
const lastLine = () => JSON.parse(house.logLines.at(-1) ?? "{}") as Record<string, unknown>;

describe("with a Bearer key", () => {
  test.each(WAYS)("starts, describes, updates, lists and stops by %s", async (way, call) => {
    const RoomId = way.replace("/", "root");
    const started = await call("StartStreamIngest", start(RoomId));
    expect(started.status).toBe(200);
    const named = { SdkAppId: CN_APP, TaskId: started.response["TaskId"] };
    const shown = { TaskId: named.TaskId, RoomId, State: "running", Status: "InProgress" };
    expect((await call("DescribeStreamIngest", named)).response).toMatchObject(shown);
    const paused = await call("UpdateStreamIngest", { ...named, IsPause: true });
    expect(paused.response).toMatchObject({ Status: "InProgress" });
    const { response: list } = await call("ListStreamIngests", { RoomId });
    expect(list).toMatchObject({ Ingests: [shown], NextCursor: null });
    expect(await call("StopStreamIngest", named)).toMatchObject({ status: 200 });
    const { response: ended } = await call("DescribeStreamIngest", named);
    expect(ended).toMatchObject({ Status: "NotExist", EndReason: "stopped" });
  });

  test("reads by GET, with the fields in the query", async () => {
    const { response } = await house.post("start-ingest", start("by query"));
    const list = await send("/list-ingests?RoomId=by%20query&RoomIdType=0&Limit=1", {
      headers: WITH_KEY,
    });
    expect(list.response).toMatchObject({ Ingests: [{ TaskId: response["TaskId"] }] });
    const query = `SdkAppId=${CN_APP}&TaskId=${String(response["TaskId"])}`;
    const described = await send(`/?Action=DescribeStreamIngest&${query}`, { headers: WITH_KEY });
    expect(described).toMatchObject({ status: 200, response: { RoomId: "by query" } });
    const wrong = await send("/list-ingests?Limit=101", { headers: WITH_KEY });
    expect(codeOf(wrong)).toEqual([400, "InvalidParameter.OutOfRange"]);
  });

  test("the answer is JSON that nobody keeps and nobody guesses at", async () => {
    const { headers } = await house.post("list-ingests", {});
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("a refusal has the status of its code", () => {
  test.each(BAD_INPUT)("%s for %j", async (code, { action, fields }) => {
    const before = await house.truth.calls();
    const wanted = { ...(action === "StartStreamIngest" ? start("bad") : {}), SdkAppId: CN_APP };
    const ways = isAction(action) ? [DOORS[action], "api"] : ["api"];
    for (const door of ways) {
      const answer = await house.post(door, { ...wanted, ...fields }, { "x-tc-action": action });
      expect(codeOf(answer)).toEqual([ERROR_TABLE[code as ErrorCode].status, code]);
      expect(answer.response.Error?.Message).toMatch(/\w.*\.$/);
    }
    expect(await house.truth.calls()).toEqual(before);
  });
});

describe.each(EVERY_DOOR)("the door %s", (door) => {
  const action = ACTIONS.find((each) => DOORS[each] === door) ?? "ListStreamIngests";
  const headers = { ...WITH_KEY, ...JSON_TYPE, "x-tc-action": action };
  const knock = (init: RequestInit) => send(`/${door}`, { method: "POST", headers, ...init });

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

  test("answers 400 to an action of another door, and to a version that never was", async () => {
    const elsewhere = { ...headers, "x-tc-action": door === "api" ? "Dance" : "StartRelay" };
    expect(codeOf(await knock({ headers: elsewhere, body: "{}" }))).toEqual([400, "InvalidAction"]);
    const future = { ...headers, "x-tc-version": "2020-01-01" };
    expect(codeOf(await knock({ headers: future, body: "{}" }))).toEqual([400, "NoSuchVersion"]);
  });

  test("names each event alike in its answer and in the log", async () => {
    const asked = [{}, { headers: JSON_TYPE }, { method: "PUT" }, { body: "{" }];
    for (const init of asked) {
      const { response } = await knock(init);
      expect(response.RequestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(lastLine()).toMatchObject({
        event: door,
        requestId: response.RequestId,
        outcome: response.Error?.Code ?? "ok",
      });
    }
  });
});

test("two requests never share a RequestId", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => house.post("list-ingests", {})),
  );
  expect(new Set(answers.map(({ response }) => response.RequestId)).size).toBe(20);
});

test("the log says who asked for what, about which ingest", async () => {
  const { response } = await house.post("start-ingest", start("logged"));
  const TaskId = String(response["TaskId"]);
  const line = { caller: "AKIDlocal", ingest: TaskId, outcome: "ok", level: "info" };
  expect(lastLine()).toMatchObject({ ...line, event: "start-ingest", action: "StartStreamIngest" });
  await house.post("api", { SdkAppId: CN_APP, TaskId }, { "x-tc-action": "StopStreamIngest" });
  expect(lastLine()).toMatchObject({ ...line, event: "api", action: "StopStreamIngest" });
});

test("outside the doors there is nothing, and it says where they are", async () => {
  for (const path of ["/start", "/start-ingest/", "/expire-ingests", "//", "/API"]) {
    const answer = await fetch(`${house.url}${path}`, { headers: WITH_KEY });
    expect([path, answer.status]).toEqual([path, 404]);
    const text = await answer.text();
    for (const door of EVERY_DOOR) expect(text).toContain(`/${door}`);
  }
});

describe("curl", () => {
  /** As the README shows it. */
  const curl = async (...args: string[]) => {
    const more = ["-s", "-w", "\n%{http_code}", "--max-time", "20"];
    const { stdout } = await promisify(execFile)("curl", [...args, ...more]);
    const [, body = "", status] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
    const { Response } = JSON.parse(body) as { Response: Answer["response"] };
    return { status: Number(status), response: Response };
  };
  const auth = ["-H", `Authorization: Bearer ${KEY}`];
  const asJson = [...auth, "-H", "Content-Type: application/json"];

  test("starts, describes, updates, lists and stops", async () => {
    const wanted = JSON.stringify({ ...start("by curl"), ClientToken: "order-4711" });
    const started = await curl(`${house.url}/start-ingest`, ...asJson, "-d", wanted);
    expect(started.status).toBe(200);
    const again = await curl(`${house.url}/start-ingest`, ...asJson, "-d", wanted);
    expect(again.response["TaskId"]).toBe(started.response["TaskId"]);
    const named = { SdkAppId: CN_APP, TaskId: String(started.response["TaskId"]) };
    const body = JSON.stringify(named);
    expect(await curl(`${house.url}/describe-ingest`, ...asJson, "-d", body)).toMatchObject({
      response: { State: "running", RoomId: "by curl" },
    });
    const change = JSON.stringify({ ...named, Volume: 10 });
    expect(await curl(`${house.url}/update-ingest`, ...asJson, "-d", change)).toMatchObject({
      response: { Status: "InProgress" },
    });
    const list = ["-G", `${house.url}/list-ingests`, "--data-urlencode", "RoomId=by curl"];
    expect(await curl(...list, ...auth)).toMatchObject({
      response: { Ingests: [{ TaskId: named.TaskId }] },
    });
    const stop = [...asJson, "-H", "X-TC-Action: StopStreamIngest", "-d", body];
    expect((await curl(house.url, ...stop)).status).toBe(200);
  });

  test("without the header for JSON is told which one to send", async () => {
    const answer = await curl(`${house.url}/list-ingests`, ...auth, "-d", "{}");
    expect(answer).toMatchObject({
      status: 400,
      response: { Error: { Message: expect.stringContaining("Content-Type: application/json") } },
    });
  });

  test("with a wrong key, a wrong field and no key hears 401, 400 and 401", async () => {
    const stranger = ["-H", "Authorization: Bearer nobodys-secret-key"];
    expect((await curl(`${house.url}/list-ingests`, ...stranger)).status).toBe(401);
    const wrong = await curl(`${house.url}/list-ingests`, ...asJson, "-d", '{"Colour":"blue"}');
    expect([wrong.status, wrong.response.Error?.Code]).toEqual([400, "UnknownParameter"]);
    expect((await curl(`${house.url}/list-ingests`)).status).toBe(401);
  });
});
