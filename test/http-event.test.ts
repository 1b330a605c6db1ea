/** The HTTP events of every platform, as recorded, are read as one and the same kind of message. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ApiError } from "../shared/errors.js";
import { BODY_MAX_BYTES, type HttpRequest, readHttpEvent } from "../shared/runtime/http-event.js";

type Event = Readonly<Record<string, unknown>>;

const fixture = (name: string): Event => {
  const file = fileURLToPath(new URL(`fixtures/http/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(file, "utf8")) as Event;
};

const SCF = fixture("scf-function-url");
const GATEWAY = fixture("scf-api-gateway");
const AWS_URL = fixture("aws-function-url");
const AWS_HTTP = fixture("aws-http-api");
const AWS_REST = fixture("aws-rest-api");
const PLATFORMS = [
  ["SCF function URL", SCF],
  ["SCF API gateway", GATEWAY],
  ["AWS Lambda function URL", AWS_URL],
  ["AWS HTTP API", AWS_HTTP],
  ["AWS REST API", AWS_REST],
] as const;

const text = ({ body }: HttpRequest): string => body.toString("utf8");

/** The code of the refusal; `read` when the event could be read. Whatever else is thrown stays thrown. */
function outcome(event: unknown): string {
  try {
    readHttpEvent(event);
    return "read";
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

describe("a recorded event", () => {
  test("of an SCF function URL", () => {
    const request = readHttpEvent(SCF);
    expect(request).toMatchObject({ method: "POST", path: "/", query: "a=1&b=2" });
    expect(request.parameters).toEqual({ a: "1", b: "2" });
    expect(request.headers).toMatchObject({
      authorization: "Bearer local-secret-key",
      "x-tc-action": "StartStreamIngest",
    });
    expect(text(request)).toBe(SCF["body"]);
    expect(String(request.body.length)).toBe(request.headers["content-length"]);
  });

  test("of an SCF API gateway: lists and `true` in the query, headers in capitals", () => {
    const request = readHttpEvent(GATEWAY);
    expect(request).toMatchObject({ method: "POST", path: "/ingests/stop" });
    expect(request.parameters).toEqual({ a: "c", x: "y z", i: "" });
    expect(request.query).toBe("a=c&x=y%20z&i=");
    expect(request.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      host: "service-f94sy04v.gz.apigw.tencentcs.com",
      "x-tc-action": "StopStreamIngest",
    });
    expect(text(request)).toBe('{"TaskId":"ing-01kdvz1m00abcdefghjkmnpqrs"}');
  });

  test("of an AWS Lambda function URL: a body in base64, the query as it was sent, cookies", () => {
    const request = readHttpEvent(AWS_URL);
    expect(request).toMatchObject({
      method: "POST",
      path: "/stop%20now",
      query: "Action=StopStreamIngest&name=a%2Bb&name=c+d&empty=",
      parameters: { Action: "StopStreamIngest", name: "c d", empty: "" },
    });
    expect(text(request)).toBe('{"TaskId":"ing-01kdvz1m00abcdefghjkmnpqrs"}');
    expect(String(request.body.length)).toBe(request.headers["content-length"]);
    expect(JSON.stringify(request)).not.toContain("session=1");
  });

  test("of an AWS HTTP API: a plain body, no query", () => {
    const request = readHttpEvent(AWS_HTTP);
    expect(request).toMatchObject({
      method: "POST",
      path: "/list-ingests",
      query: "",
      parameters: {},
    });
    expect(request.headers["x-forwarded-for"]).toBe("203.0.113.7, 10.0.0.1");
    expect(text(request)).toBe('{"Limit":50}');
  });

  test("of an AWS REST API: GET, no body, the query decoded", () => {
    const request = readHttpEvent(AWS_REST);
    expect(request).toMatchObject({
      method: "GET",
      path: "/describe-ingest",
      parameters: { TaskId: "ing-01kdvz1m00abcdefghjkmnpqrs", note: "a&b=c" },
      query: "TaskId=ing-01kdvz1m00abcdefghjkmnpqrs&note=a%26b%3Dc",
    });
    expect(request.headers["authorization"]).toBe("Bearer local-secret-key");
    expect(request.body).toHaveLength(0);
  });

  test.each(PLATFORMS)("of %s is not changed by being read", (_, event) => {
    const before = structuredClone(event);
    readHttpEvent(event);
    expect(event).toEqual(before);
  });
});

describe("what a platform may leave out", () => {
  const bare = (event: Event, ...parts: string[]) =>
    readHttpEvent(
      Object.fromEntries(Object.entries(event).filter(([key]) => !parts.includes(key))),
    );

  test.each(PLATFORMS)("%s: the body", (_, event) => {
    expect(bare(event, "body", "isBase64Encoded").body).toHaveLength(0);
    expect(readHttpEvent({ ...event, body: null }).body).toHaveLength(0);
    expect(readHttpEvent({ ...event, body: "" }).body).toHaveLength(0);
  });

  test.each(PLATFORMS)("%s: headers, query and path", (_, event) => {
    const query = ["rawQueryString", "queryString", "queryStringParameters"];
    expect(bare(event, "headers", "path", "rawPath", ...query)).toMatchObject({
      path: "/",
      headers: {},
      query: "",
      parameters: {},
    });
    const empty = { headers: null, queryString: null, queryStringParameters: null };
    expect(readHttpEvent({ ...event, ...empty }).headers).toEqual({});
  });

  test.each(PLATFORMS)("%s: but not the method", (_, event) => {
    expect(outcome({ ...event, httpMethod: undefined, requestContext: {} })).toBe("InvalidRequest");
    expect(outcome({ ...event, httpMethod: undefined, requestContext: null })).toBe(
      "InvalidRequest",
    );
  });
});

describe("spelling", () => {
  test("a method in small letters, headers in any", () => {
    const request = readHttpEvent({
      httpMethod: "post",
      headers: { "X-Tc-ACTION": "a", COOKIE: "b", Multi: ["c", "d"], Length: 12, Flag: true },
    });
    expect(request.method).toBe("POST");
    expect(request.headers).toEqual({
      "x-tc-action": "a",
      cookie: "b",
      multi: "c,d",
      length: "12",
      flag: "true",
    });
  });

  test("of a query's name that stands twice, the last counts", () => {
    expect(readHttpEvent({ httpMethod: "GET", queryString: { a: ["1", "2"] } }).parameters).toEqual(
      {
        a: "2",
      },
    );
    const raw = { requestContext: { http: { method: "GET" } }, rawQueryString: "a=1&b=3&a=2" };
    expect(readHttpEvent(raw).parameters).toEqual({ a: "2", b: "3" });
  });

  test("a body in base64 is decoded, and one that only looks like it is not", () => {
    const body = Buffer.from("任务").toString("base64");
    expect(text(readHttpEvent({ httpMethod: "POST", body, isBase64Encoded: true }))).toBe("任务");
    for (const isBase64Encoded of [false, undefined, null, "true", 1]) {
      expect(text(readHttpEvent({ httpMethod: "POST", body, isBase64Encoded }))).toBe(body);
    }
  });

  test("bytes that are no text come through base64 unchanged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const body = Buffer.from(bytes).toString("base64");
        const read = readHttpEvent({ httpMethod: "POST", body, isBase64Encoded: true });
        expect(new Uint8Array(read.body)).toEqual(bytes);
      }),
    );
  });
});

describe("a body of 1 MB is read, one byte more is refused", () => {
  const base64 = (bytes: number) => Buffer.alloc(bytes, "a").toString("base64");
  const plain = (body: string) => ({ ...SCF, body });
  const encoded = (body: string) => ({ ...AWS_URL, body });

  test("as plain text", () => {
    expect(BODY_MAX_BYTES).toBe(1_048_576);
    expect(readHttpEvent(plain("a".repeat(1_048_576))).body).toHaveLength(1_048_576);
    expect(outcome(plain("a".repeat(1_048_577)))).toBe("RequestSizeLimitExceeded");
  });

  test("counted in bytes, not in characters", () => {
    const most = "任".repeat(349_525); // three bytes each: one byte less than the limit
    expect(readHttpEvent(plain(`${most}a`)).body).toHaveLength(1_048_576);
    expect(outcome(plain(`${most}aa`))).toBe("RequestSizeLimitExceeded");
    expect(outcome(plain(`${most}é`))).toBe("RequestSizeLimitExceeded");
  });

  test("in base64, counted when decoded", () => {
    expect(readHttpEvent(encoded(base64(1_048_576))).body).toHaveLength(1_048_576);
    expect(outcome(encoded(base64(1_048_577)))).toBe("RequestSizeLimitExceeded");
  });

  test("in base64 without its padding", () => {
    const body = base64(1_048_576).replace(/=+$/, "");
    expect(readHttpEvent(encoded(body)).body).toHaveLength(1_048_576);
    expect(outcome(encoded(`${body}AA`))).toBe("RequestSizeLimitExceeded");
  });
});

describe("an event that no platform sends", () => {
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["text", "POST /"],
    ["true", true],
    ["a list", [SCF]],
    ["an empty object", {}],
    ["a timer's event", { Type: "Timer", TriggerName: "tick", Time: "2026-01-01T00:00:00Z" }],
    ["a method that is a number", { httpMethod: 7 }],
    ["a method that is a list", { httpMethod: ["POST"] }],
    ["a method that is null", { httpMethod: null, requestContext: { http: { method: null } } }],
    ["a body that is an object", { httpMethod: "POST", body: {} }],
    ["a body that is a number", { httpMethod: "POST", body: 7 }],
    ["a body that is false", { httpMethod: "POST", body: false }],
    ["a body that is a list", { httpMethod: "POST", body: ["a"] }],
  ])("is refused: %s", (_, event) => {
    expect(outcome(event)).toBe("InvalidRequest");
  });

  test.each<[string, Event]>([
    ["headers that are a list", { headers: ["a"] }],
    ["headers that are text", { headers: "host: a" }],
    ["a header that is an object", { headers: { host: { a: 1 } } }],
    ["a header that is a list of objects", { headers: { host: [{}, null, "a"] } }],
    ["a header that cannot become text", { headers: { host: [{ toString: 1, valueOf: 1 }] } }],
    ["a query that is text", { queryString: "a=1" }],
    ["a query of objects", { queryString: { a: {}, b: [{}], c: null, d: [] } }],
    ["a query that cannot become text", { queryString: { a: { toString: 1 } } }],
    ["a path that is an object", { path: {} }],
    ["a context that is text", { requestContext: "http" }],
  ])("is read as far as it can be: %s", (_, parts) => {
    const { path, headers, parameters } = readHttpEvent({ httpMethod: "GET", ...parts });
    for (const value of [path, ...Object.values(headers), ...Object.values(parameters)]) {
      expect(typeof value).toBe("string");
    }
  });

  test("cannot reach a prototype", () => {
    const event: unknown = JSON.parse(
      '{"httpMethod":"GET","headers":{"__proto__":{"x-tc-action":"a"},"constructor":"b"},"queryString":{"__proto__":{"Action":"a"}}}',
    );
    const { headers, parameters } = readHttpEvent(event);
    expect(headers["x-tc-action"]).toBeUndefined();
    expect(parameters["Action"]).toBeUndefined();
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
    expect(({} as Event)["x-tc-action"]).toBeUndefined();
  });

  test("is read or refused, and nothing else happens, whatever it holds", () => {
    const names = fc.constantFrom(
      ...["httpMethod", "headers", "body", "isBase64Encoded", "path", "rawPath", "queryString"],
      ...["queryStringParameters", "rawQueryString", "requestContext", "http", "method"],
      ...["__proto__", "constructor", "toString", "valueOf", "length", "host"],
    );
    const { event } = fc.letrec((tie) => ({
      event: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom("GET", "POST")),
        fc.dictionary(names, tie("event")),
        fc.array(tie("event"), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(event, fc.boolean(), (value, isPost) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        expect(["read", "InvalidRequest"]).toContain(outcome(json));
        const parts = typeof json === "object" ? json : {};
        const posted = { ...parts, ...(isPost ? { httpMethod: "POST" } : {}) };
        expect(["read", "InvalidRequest"]).toContain(outcome(posted));
      }),
      { numRuns: 5000 },
    );
  });
});
