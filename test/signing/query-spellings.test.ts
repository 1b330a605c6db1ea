/** TC3 signs a query as text, and clients of each language write the same query differently. */
import { describe, expect, test } from "@jest/globals";
import { readHttpEvent } from "../../shared/runtime/http-event.js";
import { querySpellings } from "../../shared/signing/tencent/query-spellings.js";
import { backend, outcome } from "../support/contract/callers.js";
import { get, signedTc3 } from "../support/http/http-requests.js";

const FIELDS = { SdkAppId: "1400000000", RoomId: "class (7)! ~+x", Note: "it's 50%*房" };

/** Printed by each language's own encoder for these fields. */
const WRITTEN = {
  "Python, urlencode":
    "SdkAppId=1400000000&RoomId=class+%287%29%21+~%2Bx&Note=it%27s+50%25%2A%E6%88%BF",
  "PHP, http_build_query":
    "SdkAppId=1400000000&RoomId=class+%287%29%21+%7E%2Bx&Note=it%27s+50%25%2A%E6%88%BF",
  "PHP, rawurlencode":
    "SdkAppId=1400000000&RoomId=class%20%287%29%21%20~%2Bx&Note=it%27s%2050%25%2A%E6%88%BF",
  "Java, URLEncoder":
    "SdkAppId=1400000000&RoomId=class+%287%29%21+%7E%2Bx&Note=it%27s+50%25*%E6%88%BF",
  "Ruby, encode_www_form":
    "SdkAppId=1400000000&RoomId=class+%287%29%21+%7E%2Bx&Note=it%27s+50%25*%E6%88%BF",
  "Go, url.Values, sorted by name":
    "Note=it%27s+50%25%2A%E6%88%BF&RoomId=class+%287%29%21+~%2Bx&SdkAppId=1400000000",
  ".NET, WebUtility": "SdkAppId=1400000000&RoomId=class+(7)!+%7E%2Bx&Note=it%27s+50%25*%E6%88%BF",
  ".NET, HttpUtility": "SdkAppId=1400000000&RoomId=class+(7)!+%7e%2bx&Note=it%27s+50%25*%e6%88%bf",
  "Node, querystring in a URL":
    "SdkAppId=1400000000&RoomId=class%20(7)!%20~%2Bx&Note=it%27s%2050%25*%E6%88%BF",
  "JavaScript, encodeURIComponent":
    "SdkAppId=1400000000&RoomId=class%20(7)!%20~%2Bx&Note=it's%2050%25*%E6%88%BF",
};

const signedBy = (query: string) => signedTc3({ ...get(FIELDS), query }, backend);

describe.each(Object.entries(WRITTEN))("a query signed as %s writes it", (_, query) => {
  const { headers } = signedBy(query);
  const event = { httpMethod: "GET", path: "/", headers, body: "" };

  test("is accepted when the platform passes the query on unchanged", () => {
    const request = readHttpEvent({ ...event, rawQueryString: query });
    expect([request.query, request.parameters]).toEqual([query, FIELDS]);
    expect(outcome(request)).toBe("AKIDbackend");
  });

  test.each(["queryString", "queryStringParameters"])(
    "is accepted when only %s has its values, decoded",
    (name) => {
      const request = readHttpEvent({ ...event, [name]: FIELDS });
      expect(request.parameters).toEqual(FIELDS);
      expect(outcome(request)).toBe("AKIDbackend");
    },
  );

  test("is accepted when a proxy encodes it in another way", () => {
    const { "Go, url.Values, sorted by name": sorted, ...unsorted } = WRITTEN;
    for (const other of query === sorted ? [sorted] : Object.values(unsorted)) {
      expect(outcome(readHttpEvent({ ...event, rawQueryString: other }))).toBe("AKIDbackend");
    }
  });

  test.each<[string, object]>([
    ["another value", { ...FIELDS, RoomId: "class (8)! ~+x" }],
    ["one field more", { ...FIELDS, More: "1" }],
    ["one field less", { SdkAppId: FIELDS.SdkAppId, RoomId: FIELDS.RoomId }],
    ["a plus for a space", { ...FIELDS, RoomId: "class+(7)!+~+x" }],
    ["an encoded value", { ...FIELDS, RoomId: "class%20(7)!%20~%2Bx" }],
  ])("is refused with %s", (_change, fields) => {
    const request = readHttpEvent({ ...event, queryString: fields });
    expect(outcome(request)).toBe("AuthFailure.SignatureFailure");
  });
});

test("a name that stands twice is accepted when the platform gives both values as a list", () => {
  const { headers } = signedBy("TaskId=one&TaskId=two&Limit=1");
  const queryString = { TaskId: ["one", "two"], Limit: "1" };
  const request = readHttpEvent({ httpMethod: "GET", headers, queryString });
  expect(outcome(request)).toBe("AKIDbackend");
  expect(request.parameters).toEqual({ TaskId: "two", Limit: "1" });
});

test("a query signed with sorted names is accepted after a platform sorted them", () => {
  const { headers } = signedBy(WRITTEN["Go, url.Values, sorted by name"]);
  const queryString = { Note: FIELDS.Note, SdkAppId: FIELDS.SdkAppId, RoomId: FIELDS.RoomId };
  expect(outcome(readHttpEvent({ httpMethod: "GET", headers, queryString }))).toBe("AKIDbackend");
});

describe("the tried encodings of a query", () => {
  test("are one when nothing needs encoding, and never more than seventeen", () => {
    expect(querySpellings("")).toEqual([""]);
    expect(querySpellings("SdkAppId=1400000000")).toEqual(["SdkAppId=1400000000"]);
    for (const query of [...Object.values(WRITTEN), "%", "=&=", "&&", "a=%ff&b=\ud800"]) {
      expect(querySpellings(query).length).toBeLessThanOrEqual(17);
    }
  });

  test("are none for a query over 32 KB", () => {
    const queryString = { a: "~".repeat(32 * 1024) };
    expect(() => readHttpEvent({ httpMethod: "GET", queryString })).toThrow(
      "The query is over 32 KB: send the fields as JSON by POST.",
    );
    expect(
      readHttpEvent({ httpMethod: "GET", queryString: { a: "~".repeat(32_766) } }).query,
    ).toHaveLength(32 * 1024);
  });
});
