/** The console over HTTP: its page, its headers, and the paths that the page calls. */
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { HttpAnswer } from "../../shared/runtime/envelope.js";
import type { Database } from "../../shared/store/engine/database.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { openTestPostgres } from "../support/database/databases.js";

const OPERATOR_KEY = "a-key-of-an-operator";

let app: TestApp;
let statements = 0;
beforeAll(async () => {
  const OPERATOR_KEYS = JSON.stringify([{ Name: "anna", SecretKeys: [OPERATOR_KEY] }]);
  app = await startTestApp({
    env: { OPERATOR_KEYS },
    database: counting(await openTestPostgres()),
  });
});
afterAll(() => app.close());

const counting = (database: Database): Database => ({
  ...database,
  query: (...statement) => {
    statements += 1;
    return database.query(...statement);
  },
});

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${app.url}${path}`, { redirect: "manual", ...init });

/** GET of a path and with headers that fetch would change. */
async function getRaw(path: string, headers: Record<string, string> = {}) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request(app.url + path, { headers, agent: false }, resolve);
    call.on("error", reject).end();
  });
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) };
}

const withKey = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The headers that every answer has. */
function expectSecure({ headers }: Response): void {
  expect(headers.get("content-security-policy")).toBe(POLICY);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("access-control-allow-origin")).toBeNull();
}

const FILES = [
  ["/console/", "text/html; charset=utf-8", "<!doctype html>"],
  ["/console/app.js", "text/javascript; charset=utf-8", "main"],
  ["/console/app.css", "text/css; charset=utf-8", "body"],
] as const;

describe.each(FILES)("GET %s", (path, type, part) => {
  test("answers the file to anybody", async () => {
    const answer = await ask(path);

    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect(await answer.text()).toContain(part);
    expectSecure(answer);
  });

  test("answers 304 to a browser that has the file", async () => {
    const etag = (await ask(path)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"[\w-]{43}"$/);

    for (const known of [etag, etag.slice(2), `"other", ${etag}`]) {
      const answer = await ask(path, { headers: { "if-none-match": known } });
      expect([answer.status, await answer.text()]).toEqual([304, ""]);
      expect(answer.headers.get("etag")).toBe(etag);
      expectSecure(answer);
    }
    const other = await ask(path, { headers: { "if-none-match": '"other"' } });
    expect(other.status).toBe(200);
  });

  test.each([
    ["gzip, br", "gzip"],
    ["br;q=1.0, gzip;q=0.8", "gzip"],
    ["gzip;q=0", null],
    ["gzip;q=0.000", null],
    ["identity", null],
    ["", null],
  ])("with Accept-Encoding %p is sent as %p", async (accepted, encoding) => {
    const plain = await getRaw(path, { "accept-encoding": "identity" });
    const answer = await getRaw(path, { "accept-encoding": accepted });

    expect(answer.headers["content-encoding"] ?? null).toBe(encoding);
    expect(answer.headers["vary"]).toBe("accept-encoding");
    const bytes = encoding === null ? answer.body : gunzipSync(answer.body);
    expect(bytes.equals(plain.body)).toBe(true);
  });

  test("answers HEAD without the file", async () => {
    const answer = await ask(path, { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("takes no %s", async (method) => {
    const answer = await ask(path, { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expectSecure(answer);
  });
});

test("the page has no script and no style of its own, and only relative addresses", async () => {
  const html = await (await ask("/console/")).text();

  expect(html).toMatch(/<html lang="\w+"/);
  expect(html).toMatch(/<script type="module" src="\.\/app\.js"><\/script>/);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|href="(?!\.\/|data:)|src="(?!\.\/)/);
});

test("GET /console leads to the page, whatever stands before it", async () => {
  const answer = await ask("/console");
  expect([answer.status, answer.headers.get("location")]).toEqual([308, "console/"]);
  expect(new URL("console/", `${app.url}/console`).href).toBe(`${app.url}/console/`);
  expectSecure(answer);

  const followed = await ask("/console", { redirect: "follow" });
  expect(await followed.text()).toContain("<!doctype html>");
});

describe("another path", () => {
  test.each([
    "/console/wrong",
    "/console/app.ts",
    "/console/built/app.map",
    "/console/../package.json",
    "/console/..%2fpackage.json",
    "/console/%2e%2e/%2e%2e/etc/passwd",
    "/console/constructor",
    "/console/__proto__",
    "/console/index.html",
    "/console/wrong/",
    "/console//",
    "/console/app.js/",
    "/console/<script>alert(1)</script>",
  ])("%s is not found, and is not repeated", async (path) => {
    const { status, headers, body } = await getRaw(path);

    expect(status).toBe(404);
    expect(headers["content-type"]).toBe("application/json");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(body.toString()).not.toContain(path);
  });

  test("says which there are", async () => {
    const answer = await ask("/console/wrong");
    expect(await answer.json()).toMatchObject({
      Response: {
        Error: {
          Code: "ResourceNotFound",
          Message: expect.stringContaining("send GET to ./, ./app.js, ./app.css or ./health"),
        },
      },
    });
    expectSecure(answer);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });
});

test("a flood of GETs costs no statement of the database", async () => {
  const paths = [...FILES.map(([path]) => path), "/console", "/console/wrong", "/console/api"];
  const before = statements;

  const answers = await Promise.all(
    Array.from({ length: 120 }, (_, at) => ask(paths[at % paths.length] ?? "")),
  );

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 308, 404, 401]));
  expect(statements).toBe(before);
});

describe("at the function's own host", () => {
  const invoke = (event: object) =>
    app.functionNamed("console").handler(event) as Promise<HttpAnswer>;

  test.each([
    ["SCF's function URL", { httpMethod: "GET", path: "/" }],
    ["AWS's function URL", { requestContext: { http: { method: "GET" } }, rawPath: "/" }],
    ["a gateway with its stage", { httpMethod: "GET", path: "/prod/console/" }],
  ])("%s has the page", async (_, event) => {
    expect(await invoke(event)).toMatchObject({
      statusCode: 200,
      headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY },
      body: expect.stringContaining("<!doctype html>"),
    });
  });

  test("its files and its actions are at the root", async () => {
    expect(await invoke({ httpMethod: "GET", path: "/app.js" })).toMatchObject({ statusCode: 200 });
    expect(await invoke({ httpMethod: "POST", path: "/api" })).toMatchObject({ statusCode: 401 });
  });

  test.each([[undefined], [null], ["text"], [{}], [{ httpMethod: 1 }]])(
    "an event of no HTTP, %p, is refused with the page's headers",
    async (event) => {
      const { statusCode, headers } = await invoke(event as object);
      expect(statusCode).toBe(400);
      expect(headers["content-security-policy"]).toBe(POLICY);
    },
  );
});

describe("POST ./api", () => {
  const start = () => ({
    SdkAppId: CN_APP,
    RoomId: nextRoom(),
    RoomIdType: 0,
    StreamUrl: app.clip,
  });

  test("is the function api: actions for a caller's key", async () => {
    const started = await app.post("console/api", start(), { "x-tc-action": "StartStreamIngest" });
    expect(started.status).toBe(200);
    const { TaskId } = started.response;

    const listed = await app.post("console/api", {}, { "x-tc-action": "ListStreamIngests" });
    expect(listed.response["Ingests"]).toMatchObject([{ TaskId, State: "running" }]);
    expect(listed.headers.get("cache-control")).toBe("no-store");
    expect(listed.headers.get("content-security-policy")).toBe(POLICY);
    const schedules = await app.post("console/api", {}, { "x-tc-action": "ListIngestSchedules" });
    expect(schedules.response).toMatchObject({ Schedules: [] });
  });

  test("refuses as the function api does, with the same messages", async () => {
    const wrong = [
      [{ ...start(), RoomId: 1 }, { "x-tc-action": "StartStreamIngest" }],
      [{ Colour: "red" }, { "x-tc-action": "ListStreamIngests" }],
      [{}, { "x-tc-action": "ListIngests" }],
      [{}, {}],
      ["{", { "x-tc-action": "ListStreamIngests" }],
      [{}, { authorization: "Bearer a-wrong-key-of-nobody" }],
    ] as const;
    for (const [body, headers] of wrong) {
      const here = await app.post("console/api", body, headers);
      const there = await app.post("api", body, headers);
      expect([here.status, here.response.Error]).toEqual([there.status, there.response.Error]);
      expect(here.status).toBeGreaterThanOrEqual(400);
      expect(here.headers.get("content-security-policy")).toBe(POLICY);
    }
  });

  test.each([
    ["no key", {}],
    ["an operator's key", withKey(OPERATOR_KEY).headers],
    ["the key in another scheme", { authorization: `Basic ${KEY}` }],
  ])("refuses %s", async (_, headers) => {
    const answer = await ask("/console/api", {
      method: "POST",
      headers: { ...headers, "x-tc-action": "ListStreamIngests" },
    });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expectSecure(answer);
  });

  test("takes no body over 1 MB", async () => {
    const { status, response, headers } = await app.post(
      "console/api",
      { Comment: "x".repeat(1024 * 1024) },
      { "x-tc-action": "ListStreamIngests" },
    );
    expect([status, response.Error?.Code]).toEqual([413, "RequestSizeLimitExceeded"]);
    expect(headers.get("content-security-policy")).toBe(POLICY);
  });
});

describe("POST ./costs", () => {
  interface Day {
    Day: string;
    Usd: number;
    Minutes: number;
    Ingests: number;
  }
  const costsOf = async (body: object, key: string) =>
    app.post("console/costs", body, { authorization: `Bearer ${key}` });

  test("are the database's own sums, by day, of this caller alone", async () => {
    await app.database.query(
      `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd) values
         ('AKIDlocal', (now() at time zone 'UTC')::date - 1, 1, 0, 700, 90000, 1500000),
         ('AKIDlocal', (now() at time zone 'UTC')::date - 1, 1, 1, 800, 90000, 500000),
         ('AKIDother', (now() at time zone 'UTC')::date - 1, 1, 0, 1, 90000, 9000000)`,
    );

    const { status, response, headers } = await costsOf({ Days: 2 }, KEY);
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    const [yesterday, today] = response["Days"] as [Day, Day];
    expect(yesterday).toMatchObject({ Usd: 2, Minutes: 3, Ingests: 1500 });
    expect(Date.parse(today.Day) - Date.parse(yesterday.Day)).toBe(86_400_000);
    const own = await costsOf({ Days: 2, CallerId: "AKIDlocal" }, KEY);
    expect(own.response["Days"]).toEqual(response["Days"]);
  });

  test.each([
    ["another caller's", { Days: 1, CallerId: "AKIDother" }, 403, "leave CallerId out"],
    ["no days", {}, 400, "Days is missing"],
    ["an unknown field", { Days: 1, Colour: "red" }, 400, "Colour"],
  ])("refuses %s", async (_, body, status, message) => {
    const answer = await costsOf(body, KEY);
    expect([answer.status, answer.response.Error?.Message]).toEqual([
      status,
      expect.stringContaining(message),
    ]);
    expect(answer.headers.get("content-security-policy")).toBe(POLICY);
  });

  test.each([
    ["no key", ""],
    ["an operator's key", `Bearer ${OPERATOR_KEY}`],
    ["the key in another scheme", `Basic ${KEY}`],
  ])("refuses %s without a statement", async (_, authorization) => {
    const before = statements;
    const answer = await app.post("console/costs", { Days: 1 }, { authorization });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(statements).toBe(before);
  });

  test("take no GET", async () => {
    const answer = await ask("/console/costs", withKey(KEY));
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("GET ./health", () => {
  test("is the health of the deployment, for an operator's key", async () => {
    const answer = await ask("/console/health", withKey(OPERATOR_KEY));
    const { checks } = (await answer.json()) as { checks: object[] };

    const there = await ask("/health", withKey(OPERATOR_KEY));
    expect(checks).toHaveLength(((await there.json()) as { checks: object[] }).checks.length);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expectSecure(answer);
  });

  test.each([
    ["no key", {}],
    ["a caller's key", withKey(KEY)],
    ["an unknown key", withKey(`${OPERATOR_KEY}x`)],
  ])("refuses %s", async (_, init) => {
    const answer = await ask("/console/health", init);
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain("checks");
    expectSecure(answer);
  });

  test("takes no POST", async () => {
    const answer = await ask("/console/health", { method: "POST", ...withKey(OPERATOR_KEY) });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

test("pages of other origins are refused, as at every path of this machine", async () => {
  for (const headers of [
    { origin: "https://elsewhere.example" },
    { "sec-fetch-site": "cross-site" },
  ]) {
    const answer = await ask("/console/api", { method: "POST", headers });
    expect(answer.status).toBe(403);
  }
  const same = await ask("/console/", { headers: { origin: app.url } });
  expect(same.status).toBe(200);
});
