/**
 * The local gateway: HTTP requests become SCF's events, with SCF's behaviour around the functions.
 */
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import type { Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Handler, HostedFunction } from "../../server/declared/functions.js";
import { createGateway } from "../../local/gateway.js";
import { systemClock as clock } from "../../shared/clock.js";
import type { PlatformContext } from "../../shared/runtime/invocation.js";
import { answerToBytes, expectRefusal, rawCaller, UNREADABLE } from "../support/http/raw-call.js";

interface Seen {
  event: Record<string, unknown>;
  context: PlatformContext & Record<string, unknown>;
}

const answer = (body: unknown, more: object = {}) => ({
  isBase64Encoded: false,
  statusCode: 200,
  headers: { "x-kind": "answer" },
  body: JSON.stringify(body),
  ...more,
});

/** Shows the event that it was called with. */
const echo: Handler = (event, context) =>
  Promise.resolve(answer({ event, context, left: context?.getRemainingTimeInMillis?.() }));

const functionOf = (name: string, handler: Handler, more: Partial<HostedFunction> = {}) => ({
  name,
  handler,
  timeLimitMs: 5000,
  isHttp: true,
  crons: [],
  ...more,
});

const FUNCTIONS: HostedFunction[] = [
  functionOf("api", () => Promise.resolve(answer("the api"))),
  functionOf("echo", echo),
  functionOf("refuse", () => Promise.resolve(answer("no", { statusCode: 418 }))),
  functionOf("throws", () => Promise.reject(new Error("the insides of it"))),
  functionOf("breaks", () => {
    throw new TypeError("no promise at all");
  }),
  functionOf("hangs", () => new Promise(() => undefined), { timeLimitMs: 60 }),
  functionOf("slow", () => clock.sleep(100).then(() => answer("at last")), { timeLimitMs: 3000 }),
  functionOf("no-answer", () => Promise.resolve(undefined)),
  functionOf("tick", echo, { isHttp: false }),
];

let gateway: Server;
let url: string;
beforeAll(async () => {
  gateway = createGateway(FUNCTIONS);
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
});
afterAll(() => {
  gateway.closeAllConnections();
  gateway.close();
});

const textAt = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).text();
const seen = async (path: string, init?: RequestInit) =>
  JSON.parse(await textAt(path, init)) as Seen;

describe("a path", () => {
  test("is a function's name, and / is api", async () => {
    expect(await textAt("/")).toBe('"the api"');
    expect(await textAt("/api")).toBe('"the api"');
    expect(await textAt("/?Action=x")).toBe('"the api"');
    expect(await seen("/echo")).toMatchObject({ event: { path: "/" } });
  });

  test.each([
    "/nothing",
    "/echo/",
    "/echo/more",
    "/Echo",
    "//",
    "//echo",
    "/%65cho",
    "/tick",
    "/__proto__",
  ])("of no function is answered 404 with the list of functions: %s", async (path) => {
    const { status, text } = await rawCaller(url).raw({ method: "GET", path });
    expect(status).toBe(404);
    for (const { name, isHttp } of FUNCTIONS) expect(text.includes(`/${name}`)).toBe(isHttp);
  });
});

describe("an event is as SCF sends it", () => {
  test("with the method, lower-case headers, the query decoded and the body as text", async () => {
    const headers = { "X-TC-Action": "StopStreamIngest", "Content-Type": "application/json" };
    const body = '{"RoomId":"房间","n":1}';
    const { event } = await seen("/echo?a=1&b=%E6%88%BF+x%2By&c&a=2", {
      method: "PUT",
      headers,
      body,
    });
    expect(event).toEqual({
      httpMethod: "PUT",
      path: "/",
      queryString: { a: "2", b: "房 x+y", c: "" },
      rawQueryString: "a=1&b=%E6%88%BF+x%2By&c&a=2",
      body,
      requestContext: { sourceIp: "127.0.0.1" },
      headers: expect.objectContaining({
        "x-tc-action": "StopStreamIngest",
        "content-type": "application/json",
        host: new URL(url).host,
        "x-scf-remote-addr": "127.0.0.1",
      }),
    });
  });

  test("with an empty query and an empty body when there are none", async () => {
    expect((await seen("/echo")).event).toMatchObject({
      httpMethod: "GET",
      queryString: {},
      body: "",
    });
  });

  test("with a repeated header joined into one, and a question mark in a query unchanged", async () => {
    const { port } = gateway.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    const lines = [
      "GET /echo?q=a?b HTTP/1.1",
      "Host: localhost",
      "X-Two: a",
      "x-two: b",
      "Connection: close",
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('"x-two":"a, b"');
    expect(text).toContain('"queryString":{"q":"a?b"}');
  });

  test("with a context that names the request and the function, and counts its time", async () => {
    const one = await seen("/echo");
    const other = await seen("/echo");
    expect(one.context).toMatchObject({ function_name: "echo", time_limit_in_ms: 5000 });
    expect(one.context["request_id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.context["request_id"]).not.toBe(other.context["request_id"]);
    const { left } = one as unknown as { left: number };
    expect(left).toBeGreaterThan(4000);
    expect(left).toBeLessThanOrEqual(5000);
  });
});

describe("an answer", () => {
  test("has the function's status, headers and body", async () => {
    const refused = await fetch(`${url}/refuse`);
    expect([refused.status, refused.headers.get("x-kind"), await refused.text()]).toEqual([
      418,
      "answer",
      '"no"',
    ]);
  });

  test("to HEAD has no body", async () => {
    const { status, text } = await rawCaller(url).raw({ method: "HEAD", path: "/echo" });
    expect([status, text]).toEqual([200, ""]);
  });

  test.each(["/throws", "/breaks", "/no-answer"])(
    "is 502 when the function fails, without its stack: %s",
    async (path) => {
      const failed = await fetch(url + path);
      expect(failed.status).toBe(502);
      const text = await failed.text();
      expect(JSON.parse(text)).toMatchObject({ Response: { Error: { Code: "InternalError" } } });
      expect(text).not.toMatch(/ {4}at |\.ts|node_modules/);
    },
  );

  test("is 504 when the function's time is up, and no sooner", async () => {
    const [late, slow] = await Promise.all([fetch(`${url}/hangs`), fetch(`${url}/slow`)]);
    expect([late.status, slow.status]).toEqual([504, 200]);
    expect(await late.text()).toContain("hangs took over 60 ms");
  });

  test("reaches each of many concurrent requests", async () => {
    const texts = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => (await seen(`/echo?n=${n}`)).event["queryString"]),
    );
    expect(texts).toEqual(Array.from({ length: 50 }, (_, n) => ({ n: String(n) })));
  });
});

describe("a query and headers", () => {
  test("of 32 KB are read, as at Tencent", async () => {
    const query = `Signature=x&a=${"x".repeat(32 * 1024)}`;
    const { event } = await seen(`/echo?${query}`);
    expect(event["rawQueryString"]).toBe(query);
  });

  test.each(UNREADABLE)("are refused in Tencent's form: %s", async (_, bytes, status, code) => {
    expectRefusal(await answerToBytes(url, bytes), { status, code });
  });
});

test("a request from a web page is refused in Tencent's form, where an SDK may have sent it", async () => {
  const headers = { host: "host.docker.internal:3000" };
  for (const path of ["/", "/echo", "/nothing"]) {
    const { status, headers: answered, text } = await rawCaller(url).raw({ path, headers });
    expect([status, answered["content-type"]]).toEqual([403, "application/json"]);
    expect(JSON.parse(text)).toMatchObject({
      Response: {
        Error: { Code: "UnauthorizedOperation", Message: expect.stringContaining(": send ") },
        RequestId: expect.any(String),
      },
    });
  }
});

test.each(["", "\ufeff"])("an event may begin with a byte-order mark: %j", async (mark) => {
  const headers = { "content-type": "application/json" };
  const path = "/_local/events/tick";
  const { status } = await rawCaller(url).raw({ path, headers, body: `${mark}{"n":1}` });
  expect(status).toBe(200);
});

describe("a body", () => {
  const MB = 1024 * 1024;
  const post = (bytes: number) => fetch(`${url}/echo`, { method: "POST", body: "a".repeat(bytes) });

  test("of 6 MB is accepted, as on SCF", async () => {
    expect((await post(6 * MB)).status).toBe(200);
  });

  test("of one byte more is answered 413", async () => {
    const refused = await post(6 * MB + 1);
    expect([refused.status, await refused.json()]).toMatchObject([
      413,
      { Response: { Error: { Code: "RequestSizeLimitExceeded" } } },
    ]);
  });

  test("that breaks off halfway does not affect other requests", async () => {
    const { port } = gateway.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    socket.write("POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{");
    await once(socket, "connect");
    socket.destroy();
    expect((await fetch(`${url}/echo`)).status).toBe(200);
  });
});
