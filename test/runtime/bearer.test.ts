/** Plain HTTP with a Bearer key: every action through every function, and curl itself. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Action } from "../../shared/contract/schemas.js";
import { FUNCTION_OF, EVERY_FUNCTION } from "../support/app/functions.js";
import { type Answer, CN_APP, type TestApp, KEY, startTestApp } from "../support/app/test-app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const WITH_KEY = { authorization: `Bearer ${KEY}` };

async function send(path: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(`${app.url}${path}`, init);
  const { Response } = (await answer.json()) as { Response: Answer["response"] };
  return { status: answer.status, headers: answer.headers, response: Response };
}

/** An action through its own function, and through the function that serves all actions. */
const WAYS: [way: string, call: (action: Action, fields: object) => Promise<Answer>][] = [
  ["its own function", (action, fields) => app.post(FUNCTION_OF[action], fields)],
  ["api, by X-TC-Action", (action, fields) => app.post("api", fields, { "x-tc-action": action })],
  ["/, by X-TC-Action", (action, fields) => app.post("", fields, { "x-tc-action": action })],
  ["api, by ?Action=", (action, fields) => app.post(`api?Action=${action}`, fields)],
];

const start = (RoomId: string) => ({
  SdkAppId: CN_APP,
  RoomId,
  RoomIdType: 0,
  StreamUrl: app.clip,
  RepeatNum: -1,
});
const codeOf = ({ status, response }: Answer) => [status, response.Error?.Code];
const lastLine = () => JSON.parse(app.logLines.at(-1) ?? "{}") as Record<string, unknown>;

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
    const { response } = await app.post("start-ingest", start("by query"));
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

  test("the answer is JSON with headers against caches and type guessing", async () => {
    const { headers } = await app.post("list-ingests", {});
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });
});

test("two requests never share a RequestId", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.post("list-ingests", {})));
  expect(new Set(answers.map(({ response }) => response.RequestId)).size).toBe(20);
});

test("the log has the caller, the action and the ingest", async () => {
  const { response } = await app.post("start-ingest", start("logged"));
  const TaskId = String(response["TaskId"]);
  const line = { caller: "AKIDlocal", ingest: TaskId, outcome: "ok", level: "info" };
  expect(lastLine()).toMatchObject({
    ...line,
    function: "start-ingest",
    action: "StartStreamIngest",
  });
  await app.post("api", { SdkAppId: CN_APP, TaskId }, { "x-tc-action": "StopStreamIngest" });
  expect(lastLine()).toMatchObject({ ...line, function: "api", action: "StopStreamIngest" });
});

test("a path of no function is answered 404 with the list of functions", async () => {
  for (const path of ["/start", "/start-ingest/", "/expire-ingests", "//", "/API"]) {
    const answer = await fetch(`${app.url}${path}`, { headers: WITH_KEY });
    expect([path, answer.status]).toEqual([path, 404]);
    const text = await answer.text();
    for (const functionName of EVERY_FUNCTION) expect(text).toContain(`/${functionName}`);
  }
});

describe("curl", () => {
  /** The same command as in the README. */
  const curl = async (...args: string[]) => {
    const more = ["-s", "-w", "\n%{http_code}", "--max-time", "20"];
    const { stdout } = await promisify(execFile)("curl", [...args, ...more]);
    const [, body = "", status] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
    const { Response } = JSON.parse(body) as { Response: Answer["response"] };
    return { status: Number(status), response: Response };
  };
  const auth = ["-H", `Authorization: Bearer ${KEY}`];
  const asJson = [...auth, "-H", "Content-Type: application/json"];

  test("starts, describes, updates, lists and stops with a Bearer key", async () => {
    const startBody = JSON.stringify({ ...start("by curl"), ClientToken: "order-4711" });
    const started = await curl(`${app.url}/start-ingest`, ...asJson, "-d", startBody);
    expect(started.status).toBe(200);
    const again = await curl(`${app.url}/start-ingest`, ...asJson, "-d", startBody);
    expect(again.response["TaskId"]).toBe(started.response["TaskId"]);
    const named = { SdkAppId: CN_APP, TaskId: String(started.response["TaskId"]) };
    const body = JSON.stringify(named);
    expect(await curl(`${app.url}/describe-ingest`, ...asJson, "-d", body)).toMatchObject({
      response: { State: "running", RoomId: "by curl" },
    });
    const change = JSON.stringify({ ...named, Volume: 10 });
    expect(await curl(`${app.url}/update-ingest`, ...asJson, "-d", change)).toMatchObject({
      response: { Status: "InProgress" },
    });
    const list = ["-G", `${app.url}/list-ingests`, "--data-urlencode", "RoomId=by curl"];
    expect(await curl(...list, ...auth)).toMatchObject({
      response: { Ingests: [{ TaskId: named.TaskId }] },
    });
    const stop = [...asJson, "-H", "X-TC-Action: StopStreamIngest", "-d", body];
    expect((await curl(app.url, ...stop)).status).toBe(200);
  });

  test("without the JSON header gets an error that names the header", async () => {
    const answer = await curl(`${app.url}/list-ingests`, ...auth, "-d", "{}");
    expect(answer).toMatchObject({
      status: 400,
      response: { Error: { Message: expect.stringContaining("Content-Type: application/json") } },
    });
  });

  test("gets 401, 400 and 401 for a wrong key, a wrong field and no key", async () => {
    const stranger = ["-H", "Authorization: Bearer nobodys-secret-key"];
    expect((await curl(`${app.url}/list-ingests`, ...stranger)).status).toBe(401);
    const wrong = await curl(`${app.url}/list-ingests`, ...asJson, "-d", '{"Colour":"blue"}');
    expect([wrong.status, wrong.response.Error?.Code]).toEqual([400, "UnknownParameter"]);
    expect((await curl(`${app.url}/list-ingests`)).status).toBe(401);
  });
});
