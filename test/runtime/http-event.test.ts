/** The runtime reads the recorded HTTP events of every platform as one kind of message. */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { type HttpRequest, readHttpEvent, sourceAddress } from "../../shared/runtime/http-event.js";
import {
  AWS_HTTP,
  AWS_REST,
  AWS_URL,
  type Event,
  GATEWAY,
  PLATFORMS,
  SCF,
} from "../support/http/http-events.js";

const text = ({ body }: HttpRequest): string => body.toString("utf8");

describe("the address that a request came from", () => {
  const recordedAddress = (event: Event) =>
    /"sourceIp":"([^"]*)"/.exec(JSON.stringify(event["requestContext"] ?? {}))?.[1];

  test.each(PLATFORMS)("is what the %s says", (_, event) => {
    expect(sourceAddress(event)).toBe(recordedAddress(event));
  });

  test("may be an IPv6 address", () => {
    expect(sourceAddress({ requestContext: { sourceIp: "2001:db8::7" } })).toBe("2001:db8::7");
  });

  test.each([
    undefined,
    null,
    "event",
    {},
    { requestContext: null },
    { requestContext: { sourceIp: 7 } },
    { requestContext: { sourceIp: "a name" } },
    { headers: { "x-forwarded-for": "192.0.2.7" } },
  ])("is not known from %j", (event) => {
    expect(sourceAddress(event)).toBeUndefined();
  });
});

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
    expect(request.query).toBe("a=b&a=c&x=y%20z&i=");
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

describe("a platform's event is read without", () => {
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

  test.each(PLATFORMS)("%s: anything except the method", (_, event) => {
    const without = { ...event, httpMethod: undefined };
    expect(() => readHttpEvent({ ...without, requestContext: {} })).toThrow("cannot be read");
    expect(() => readHttpEvent({ ...without, requestContext: null })).toThrow("cannot be read");
  });
});

describe("a read event", () => {
  test("has its method in capitals and its header names in small letters", () => {
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

  test("has the last value of a repeated name in the query", () => {
    expect(readHttpEvent({ httpMethod: "GET", queryString: { a: ["1", "2"] } }).parameters).toEqual(
      {
        a: "2",
      },
    );
    const raw = { requestContext: { http: { method: "GET" } }, rawQueryString: "a=1&b=3&a=2" };
    expect(readHttpEvent(raw).parameters).toEqual({ a: "2", b: "3" });
  });

  test("has its base64 body decoded only when the event says that it is base64", () => {
    const body = Buffer.from("任务").toString("base64");
    expect(text(readHttpEvent({ httpMethod: "POST", body, isBase64Encoded: true }))).toBe("任务");
    for (const isBase64Encoded of [false, undefined, null, "true", 1]) {
      expect(text(readHttpEvent({ httpMethod: "POST", body, isBase64Encoded }))).toBe(body);
    }
  });

  test("has the exact bytes of a base64 body", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const body = Buffer.from(bytes).toString("base64");
        const read = readHttpEvent({ httpMethod: "POST", body, isBase64Encoded: true });
        expect(new Uint8Array(read.body)).toEqual(bytes);
      }),
    );
  });
});
