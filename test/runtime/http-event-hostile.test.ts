/** Events that are too large, or that no platform sends, get a refusal and have no other effect. */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import { BODY_MAX_BYTES, readHttpEvent } from "../../shared/runtime/http-event.js";
import { AWS_URL, type Event, SCF } from "../support/http/http-events.js";
import fc, { cases } from "../support/properties.js";

/**
 * Returns the code of the refusal, or `read` for a readable event. It does not catch other errors.
 */
function outcome(event: unknown): string {
  try {
    readHttpEvent(event);
    return "read";
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

describe("a body of 1 MB is read, and one byte more is refused,", () => {
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
  ])("is read with defaults: %s", (_, parts) => {
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

  test("is read or refused with any content, and never fails in another way", () => {
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
      { numRuns: cases(5000) },
    );
  });
});
