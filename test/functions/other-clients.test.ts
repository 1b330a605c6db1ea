/**
 * The requests of clients in other languages, and how they read answers, over real HTTP. The
 * requests follow Tencent's SDKs for Python, Go, Java, PHP, .NET and Ruby.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DEFAULT_ACCOUNTS, DEFAULT_SECRET_ID } from "../../emulator/defaults.js";
import { systemClock, unixSeconds } from "../../shared/clock.js";
import { signTc3 } from "../../shared/signing/tencent/tc3.js";
import { signV1 } from "../support/http/sign-v1.js";
import {
  CN_APP,
  type TestApp,
  INTL_APP,
  KEY,
  startTestApp,
  SECRET_ID,
} from "../support/app/test-app.js";
import { FORM, type RawAnswer, rawCaller } from "../support/http/raw-call.js";

const BOTH = {
  Id: SECRET_ID,
  SecretKeys: [KEY],
  SdkAppIds: [CN_APP, INTL_APP],
};

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { CALLERS: JSON.stringify([BOTH]) } });
});
afterAll(() => app.close());

const TRTC_KEY = DEFAULT_ACCOUNTS[DEFAULT_SECRET_ID]?.secretKey ?? "";

interface Server {
  url: string;
  secretId: string;
  secretKey: string;
}
const product = (): Server => ({ url: app.url, secretId: SECRET_ID, secretKey: KEY });
const emulator = (): Server => ({
  url: app.trtcUrl,
  secretId: DEFAULT_SECRET_ID,
  secretKey: TRTC_KEY,
});

interface Sent {
  method?: "GET" | "POST";
  query?: string;
  body?: string;
  headers?: Record<string, string>;
}

/** Signed with TC3 over content-type and host, as in every SDK. */
function sendTc3({ url, ...signer }: Server, { method = "POST", query = "", ...sent }: Sent) {
  const { body = "", headers = {} } = sent;
  const type = method === "GET" ? FORM["content-type"] : "application/json";
  const { message } = signTc3(
    {
      method,
      path: "/",
      query,
      body: Buffer.from(body),
      headers: { "content-type": type, host: new URL(url).host, ...headers },
    },
    { ...signer, service: "trtc" },
    systemClock.now(),
  );
  const path = query === "" ? "/" : `/?${query}`;
  return rawCaller(url).raw({ method, path, headers: { ...message.headers, ...headers }, body });
}

const action = (name: string) => ({
  "x-tc-action": name,
  "x-tc-version": "2019-07-22",
  "x-tc-region": "ap-singapore",
});

/** With the older signature. `unsigned` is added to the form, and `lineEnd` to its signature. */
function sendV1(
  server: Server,
  fields: Record<string, string>,
  { unsigned = {}, lineEnd = "" }: { unsigned?: object; lineEnd?: string } = {},
): Promise<RawAnswer> {
  const parameters = {
    Version: "2019-07-22",
    Region: "ap-singapore",
    SecretId: server.secretId,
    Nonce: String(Math.ceil(Math.random() * 1e9)),
    SignatureMethod: "HmacSHA256",
    Timestamp: String(unixSeconds(systemClock.now())),
    ...fields,
  };
  const { host } = new URL(server.url);
  const { signature } = signV1({ method: "POST", host, parameters }, server.secretKey);
  const form = new URLSearchParams({ ...parameters, Signature: signature + lineEnd, ...unsigned });
  return rawCaller(server.url).raw({ headers: FORM, body: form.toString() });
}

type Response = Record<string, unknown> & { Error?: { Code: string; Message: string } };
const responseIn = ({ text }: RawAnswer): Response =>
  (JSON.parse(text) as { Response: Response }).Response;
const errorIn = (answer: RawAnswer) => responseIn(answer).Error?.Code;

const start = (RoomId: string, more: object = {}) => ({
  SdkAppId: CN_APP,
  RoomId,
  RoomIdType: 0,
  StreamUrl: app.clip,
  RepeatNum: -1,
  ...more,
});
const taskIdOf = async (RoomId: string, more: object = {}): Promise<string> =>
  String((await app.post("start-ingest", start(RoomId, more))).response["TaskId"]);
const played = async (taskId: string) => {
  const { response } = await app.post("describe-ingest", { SdkAppId: CN_APP, TaskId: taskId });
  const tasks = await app.truth.tasks();
  return tasks.find(({ taskId: id }) => id === response["TrtcTaskId"]);
};

describe("an answer's type is exactly application/json, which Python needs to see a refusal", () => {
  const wrongKey = { secretId: SECRET_ID, secretKey: "another-key-than-its-own" };
  const stop = JSON.stringify({ SdkAppId: CN_APP, TaskId: "task" });

  test.each<[string, () => Promise<RawAnswer>]>([
    [
      "a wrong key",
      () =>
        sendTc3({ ...product(), ...wrongKey }, { body: stop, headers: action("StopStreamIngest") }),
    ],
    [
      "a wrong key under the older signature",
      () => sendV1({ ...product(), ...wrongKey }, { Action: "StopStreamIngest" }),
    ],
    [
      "a header that cannot be read",
      () => rawCaller(app.url).raw({ headers: { authorization: "TC3-HMAC-SHA256 x" }, body: stop }),
    ],
    ["no such action", () => sendTc3(product(), { body: stop, headers: action("StartRelay") })],
    ["no such task", () => sendTc3(product(), { body: stop, headers: action("StopStreamIngest") })],
    [
      "a body that is no JSON",
      () => sendTc3(product(), { body: "{", headers: action("StopStreamIngest") }),
    ],
    [
      "a body over 1 MB",
      () =>
        sendTc3(product(), {
          body: "x".repeat(1024 * 1024 + 1),
          headers: action("StopStreamIngest"),
        }),
    ],
    [
      "a body over 6 MB",
      () =>
        sendTc3(product(), {
          body: "x".repeat(6 * 1024 * 1024 + 1),
          headers: action("StopStreamIngest"),
        }),
    ],
    [
      "a form over 1 MB",
      () =>
        rawCaller(app.url).raw({
          headers: FORM,
          body: `Signature=x&SecretId=y&a=${"x".repeat(1024 * 1024)}`,
        }),
    ],
    [
      "a path that is none",
      () =>
        rawCaller(app.url).raw({ path: "/v2/", headers: { authorization: "TC3-HMAC-SHA256 x" } }),
    ],
    [
      "TRTC itself, to a wrong key",
      () =>
        sendTc3(
          { ...emulator(), secretKey: "wrong" },
          { body: stop, headers: action("StopStreamIngest") },
        ),
    ],
  ])("%s", async (_, send) => {
    const answer = await send();
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"]);
    expect(errorIn(answer)).toMatch(/^[A-Z][A-Za-z.]+$/);
    expect(answer.headers).not.toHaveProperty("www-authenticate");
    expect(answer.headers).not.toHaveProperty("retry-after");
  });

  test.each<[number, string, object]>([
    [401, "/api", {}],
    [404, "/nothing", {}],
    [413, "/api", { body: "x".repeat(6 * 1024 * 1024 + 1) }],
  ])("with status %i for a plain client at %s", async (status, path, request) => {
    const answer = await rawCaller(app.url).raw({ path, ...request });
    expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/json"]);
    expect(responseIn(answer)).toMatchObject({ RequestId: expect.any(String) });
  });

  test("and a callback's answer has it too", async () => {
    const answer = await rawCaller(app.url).raw({ path: "/room-callback", body: "{}" });
    expect(answer.headers["content-type"]).toBe("application/json");
  });

  test("a signed caller reads why the configuration or the database is away", async () => {
    const broken = await startTestApp({ database: await closedDatabase() });
    const server = { ...product(), url: broken.url };
    const answer = await sendTc3(server, { body: stop, headers: action("StopStreamIngest") });
    expect([answer.status, errorIn(answer)]).toEqual([200, "ServiceUnavailable"]);
    await broken.close();
  });
});

/** Every statement fails, as when the server is gone. */
async function closedDatabase(): Promise<TestApp["database"]> {
  const away = () =>
    Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
  return Promise.resolve({ query: away, transaction: away, close: () => Promise.resolve() });
}

test("the answer repeats a well-formed trace id of an SDK, and no other one", async () => {
  const body = JSON.stringify({ Limit: 1 });
  const headers = action("ListStreamIngests");
  const traced = await sendTc3(product(), {
    body,
    headers: { ...headers, "x-tc-traceid": "a-1_B" },
  });
  expect(traced.headers["x-tc-traceid"]).toBe("a-1_B");
  const odd = await sendTc3(product(), { body, headers: { ...headers, "x-tc-traceid": "a b" } });
  expect(odd.headers).not.toHaveProperty("x-tc-traceid");
});

describe("a query signed by GET, of a room with a space and signs", () => {
  const ROOM = "class (7)! ~+x";
  test.each([
    ["Python and Go", "RoomId=class+%287%29%21+~%2Bx"],
    ["Java, PHP and Ruby", "RoomId=class+%287%29%21+%7E%2Bx"],
    [".NET", "RoomId=class+(7)!+%7E%2Bx"],
    ["Node", "RoomId=class%20(7)!%20~%2Bx"],
  ])("by %s", async (_, room) => {
    const TaskId = await taskIdOf(ROOM);
    const query = `SdkAppId=${CN_APP}&${room}&RoomIdType=0&Limit=1`;
    const headers = action("ListStreamIngests");
    const list = await sendTc3(product(), { method: "GET", query, headers });
    expect(responseIn(list)).toMatchObject({ Ingests: [{ TaskId, RoomId: ROOM }] });
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId });
  });
});

describe.each<[string, () => Server]>([
  ["the functions", product],
  ["TRTC", emulator],
])("under the older signature, %s", (name, server) => {
  async function started(): Promise<string> {
    const TaskId = await taskIdOf(`flags ${name} ${String(Math.random())}`);
    const task = await played(TaskId);
    return name === "TRTC" ? (task?.taskId ?? "") : TaskId;
  }
  const pausedOf = async (taskId: string) => {
    const tasks = await app.truth.tasks();
    const own =
      name === "TRTC" ? tasks.find((each) => each.taskId === taskId) : await played(taskId);
    return own?.state === "paused";
  };
  const update = (TaskId: string, IsPause: string) =>
    sendV1(server(), { ...ACTION, SdkAppId: String(CN_APP), TaskId, IsPause });
  const ACTION = { Action: "UpdateStreamIngest" };

  test("accept flags as PHP writes them: 1, 0, and an empty text for false", async () => {
    const TaskId = await started();
    for (const [text, paused] of [
      ["1", true],
      ["0", false],
      ["true", true],
      ["", false],
    ] as const) {
      expect(errorIn(await update(TaskId, text))).toBeUndefined();
      expect([text, await pausedOf(TaskId)]).toEqual([text, paused]);
    }
  });

  test("refuse an empty flag that the signature does not cover", async () => {
    const TaskId = await started();
    await update(TaskId, "true");
    const fields = { ...ACTION, SdkAppId: String(CN_APP), TaskId, Volume: "50" };
    expect(errorIn(await sendV1(server(), fields, { unsigned: { IsPause: "" } }))).toBeUndefined();
    expect(await pausedOf(TaskId)).toBe(true);
  });

  test("accept a signature with Ruby's line feed behind it", async () => {
    const TaskId = await started();
    const fields = { ...ACTION, SdkAppId: String(CN_APP), TaskId, Volume: "50" };
    const answer = await sendV1(server(), fields, { lineEnd: "\n" });
    expect(errorIn(answer)).toBeUndefined();
  });
});

describe("an action that is named twice", () => {
  test.each(["Action", "Version", "Region"])(
    "is refused when the query's %s and the header differ, at TRTC as well",
    async (name) => {
      const other = { Action: "StopStreamIngest", Version: "2017-03-12", Region: "ap-mumbai" };
      const same = {
        Action: "DescribeStreamIngest",
        Version: "2019-07-22",
        Region: "ap-singapore",
      };
      const query = `SdkAppId=${CN_APP}&TaskId=task&${name}=${same[name as keyof typeof same]}`;
      const headers = { ...action("DescribeStreamIngest") };
      headers[`x-tc-${name.toLowerCase()}` as keyof typeof headers] =
        other[name as keyof typeof other];
      for (const server of [product(), emulator()]) {
        const refused = await sendTc3(server, { method: "GET", query, headers });
        expect(responseIn(refused).Error).toEqual({
          Code: "InvalidParameterValue",
          Message: expect.stringMatching(new RegExp(`X-TC-${name} and the query's ${name} differ`)),
        });
        const agreed = await sendTc3(server, {
          method: "GET",
          query,
          headers: action(same.Action),
        });
        expect(errorIn(agreed)).not.toBe("InvalidParameterValue");
      }
    },
  );

  test("in the signed query of a POST is refused too", async () => {
    const TaskId = await taskIdOf("named twice");
    const query = "Action=DescribeStreamIngest";
    const body = JSON.stringify({ SdkAppId: CN_APP, TaskId });
    const headers = action("StopStreamIngest");
    const refused = await sendTc3(product(), { query, body, headers });
    expect(errorIn(refused)).toBe("InvalidParameterValue");
    const { response } = await app.post("describe-ingest", { SdkAppId: CN_APP, TaskId });
    expect(response).toMatchObject({ State: "running" });
  });
});

describe("for a caller with two applications, our TaskId names the application:", () => {
  test("describe, update and stop need no SdkAppId", async () => {
    const TaskId = await taskIdOf("no application named", { SdkAppId: INTL_APP });
    const { response: described } = await app.post("describe-ingest", { TaskId });
    expect(described).toMatchObject({ State: "running", SdkAppId: INTL_APP });
    const { response: updated } = await app.post("update-ingest", { TaskId, Volume: 50 });
    expect(updated).toMatchObject({ Status: "InProgress" });
    const { response: stopped } = await app.post("stop-ingest", { TaskId });
    expect(stopped).toEqual({ RequestId: expect.any(String) });
    const { response: ended } = await app.post("describe-ingest", { TaskId });
    expect(ended).toMatchObject({ EndReason: "stopped" });
  });

  test("fields of the other site are refused all the same", async () => {
    const TaskId = await taskIdOf("other site", { SdkAppId: INTL_APP });
    for (const [field, code] of [
      [{ Tempo: 1.5 }, "UnknownParameter"],
      [{ Volume: 150 }, "InvalidParameter.OutOfRange"],
    ] as const) {
      const { response } = await app.post("update-ingest", { TaskId, ...field });
      expect(response.Error?.Code).toBe(code);
    }
    await app.post("stop-ingest", { TaskId });
  });

  test("TRTC's own TaskId still needs SdkAppId, and so does a start", async () => {
    const TaskId = await taskIdOf("known by its other id");
    const task = await played(TaskId);
    const { response } = await app.post("stop-ingest", { TaskId: task?.taskId });
    expect(response.Error?.Code).toBe("MissingParameter.SdkAppId");
    const { SdkAppId: _, ...without } = start("none");
    const refused = await app.post("start-ingest", without);
    expect(refused.response.Error?.Code).toBe("MissingParameter.SdkAppId");
  });

  test("another application's SdkAppId beside it is refused", async () => {
    const TaskId = await taskIdOf("wrong application");
    const { response } = await app.post("stop-ingest", { SdkAppId: INTL_APP, TaskId });
    expect(response.Error?.Code).toBe("FailedOperation.TaskNotExist");
  });
});
