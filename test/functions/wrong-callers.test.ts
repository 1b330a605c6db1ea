/**
 * Correct requests with a wrong sender or form: garbage, forged or old signatures, forms and
 * queries, and events that are not requests. Thousands of them change nothing.
 */
import { stringify } from "node:querystring";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { readTc3 } from "../../shared/signing/tencent/tc3.js";
import { CN_APP, KEY, SECRET_ID } from "../support/app/test-app.js";
import { flat, FORM, HOST, post, signedTc3, signedV1 } from "../support/http/http-requests.js";
import { FUNCTION_OF } from "../support/app/functions.js";
import { openRefusals, type Refusals, type Wrong } from "../support/contract/refusals.js";
import { rightRequests, scfEvent, TARGETS } from "../support/contract/right-requests.js";
import { marred } from "../support/contract/schema-values.js";

let refusals: Refusals;
beforeAll(async () => {
  refusals = await openRefusals();
});
afterAll(() => refusals.app.close());

const inSeconds = (seconds: number) => addMs(clock.now(), seconds * SECOND_MS);
const by = (signer: object = {}) => ({
  secretId: SECRET_ID,
  secretKey: KEY,
  at: clock.now(),
  ...signer,
});

/** Whether all texts mean the same header. */
const saysTheSame = (...all: Record<string, string>[]): boolean =>
  new Set(all.map((headers) => JSON.stringify(readTc3({ headers })))).size === 1;

describe.each(TARGETS)("$action, $site:", (target) => {
  const functionName = FUNCTION_OF[target.action];
  const headers = { host: HOST, "content-type": "application/json", "x-tc-action": target.action };
  const bodies = () =>
    rightRequests(target, refusals.existing).map((request) => JSON.stringify(request));
  const sent = (more: Record<string, string>, body: string, isSigned: boolean): Wrong => ({
    functionName,
    isSigned,
    event: scfEvent({ ...headers, ...more }, body),
  });

  test("refuses a request without credentials, and with unknown keys", () => {
    const keys = fc.oneof(
      fc.constantFrom("", " ", "Bearer", "Bearer ", `Basic ${KEY}`, KEY, `Bearer ${KEY} ${KEY}`),
      fc.constantFrom(SECRET_ID, "constructor", "__proto__").map((key) => `Bearer ${key}`),
      fc.string().map((key) => `Bearer x${key}`),
      fc.string({ unit: "binary" }),
      marred(KEY).map((key) => `Bearer ${key}`),
      fc.stringMatching(/^[!-~]{16,64}$/).map((key) => `Bearer ${key}`),
    );
    const wrong = fc
      .tuple(bodies(), fc.option(keys))
      .map(([body, authorization]) =>
        sent(authorization === null ? {} : { authorization }, body, false),
      );
    return refusals.expectRefused(100, wrong, /^AuthFailure.(InvalidAuth|SecretIdNotFound)/);
  });

  test("refuses a TC3 signature after one letter of header, body or time changed", () => {
    const wrong = bodies().chain((body) => {
      const { headers: signed } = signedTc3(post(body, headers), by());
      const { authorization = "", "x-tc-timestamp": time = "" } = signed;
      // After the algorithm's name, so that it stays a TC3 signature.
      const end = "TC3-HMAC-SHA256".length;
      const tail = marred(authorization.slice(end));
      return fc
        .oneof(
          tail
            .map((text) => ({ ...signed, authorization: authorization.slice(0, end) + text }))
            // More spaces, or capitals in a parameter's name, mean the same (RFC 9110).
            .filter((changed) => !saysTheSame(changed, signed)),
          marred(time).map((text) => ({ ...signed, "x-tc-timestamp": text })),
          fc.constant({ ...signed, "x-tc-content-sha256": "UNSIGNED-PAYLOAD" }),
          fc.constantFrom("evil.example", "").map((host) => ({ ...signed, host })),
        )
        .map((changed) => sent(changed, body, true));
    });
    const changedBody = bodies().chain((body) => {
      const { headers: signed } = signedTc3(post(body, headers), by());
      return marred(body).map((other) => sent(signed, other, true));
    });
    return refusals.expectRefused(200, fc.oneof(wrong, changedBody), /^AuthFailure\./);
  });

  test("refuses a TC3 header that is garbage", () => {
    const garbage = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.stringMatching(
        /^Credential=[ -~]{0,60}, SignedHeaders=[a-z;-]{0,40}, Signature=[0-9a-f]{0,70}$/,
      ),
      fc.constant("x".repeat(5000)),
    );
    const wrong = fc
      .tuple(bodies(), garbage)
      .map(([body, text]) =>
        sent(
          { authorization: `TC3-HMAC-SHA256 ${text}`, "x-tc-timestamp": "1767268800" },
          body,
          true,
        ),
      );
    return refusals.expectRefused(60, wrong, /^AuthFailure\./);
  });

  test("refuses a TC3 signature that is too old, or too early", () => {
    const seconds = fc.oneof(
      fc.integer({ min: -100_000, max: -301 }),
      fc.integer({ min: 305, max: 100_000 }),
    );
    const wrong = fc
      .tuple(bodies(), seconds)
      .map(([body, off]) =>
        sent(signedTc3(post(body, headers), by({ at: inSeconds(off) })).headers, body, true),
      );
    return refusals.expectRefused(50, wrong, /^AuthFailure.SignatureExpire$/);
  });
});

describe.each(TARGETS)("$action, $site, in a form or a query:", (target) => {
  const { action, schema } = target;
  const required = (schema.required ?? []).filter(
    (name) => !["object", "array"].includes(schema.properties[name]?.type as string),
  );
  const texts = () =>
    rightRequests(target, refusals.existing).map((request) => Object.fromEntries(flat(request)));
  const Action = { Action: action };
  /** With the older signature by POST or GET, or a query with a Bearer key. */
  function sentIn(fields: Record<string, string>, way: "POST" | "GET" | "Bearer"): Wrong {
    const all = { ...Action, ...fields };
    const bearer = { host: HOST, authorization: `Bearer ${KEY}` };
    const query = (headers: object, queryString: object) => ({
      httpMethod: "GET",
      path: "/",
      headers,
      queryString,
      body: "",
    });
    if (way === "Bearer")
      return { functionName: "api", isSigned: false, event: query(bearer, all) };
    const { headers, body, parameters } = signedV1(all, by({ method: way }));
    const event = way === "GET" ? query(headers, parameters) : scfEvent(headers, String(body));
    return { functionName: "api", isSigned: true, event };
  }
  const refused = (runs: number, wrong: fc.Arbitrary<Record<string, string>>, code: RegExp) => {
    const ways = fc.constantFrom("POST", "GET", "Bearer");
    return refusals.expectRefused(
      runs,
      fc.tuple(wrong, ways).map(([fields, way]) => sentIn(fields, way)),
      code,
    );
  };

  const numbers = ["SdkAppId", "SdkAppId", "Limit", "RoomIdType", "Volume", "MaxDuration"]
    .concat("Priority", "Count", "DurationSeconds")
    .filter((name) => name in schema.properties);

  test("refuses a text for a number, an unknown field and a missing field", async () => {
    const noNumber = fc.constantFrom("one", "1e3", "0x10", " 1", "1,5", "NaN", "1 2", "--1", "1.5");
    if (numbers.length > 0) {
      const numbered = fc
        .tuple(texts(), fc.constantFrom(...numbers), noNumber)
        .map(([fields, name, text]) => ({ ...fields, [name]: text }));
      await refused(60, numbered, /^Invalid/);
    }
    const unknown = fc
      .tuple(texts(), fc.constantFrom("Colour", "sdkAppId", "SdkAppId.0", "__proto__", "toString"))
      .map(([fields, name]) => Object.fromEntries([...Object.entries(fields), [name, "1"]]));
    await refused(60, unknown, /^UnknownParameter$/);
    if (required.length === 0) return;
    const lacking = fc
      .tuple(texts(), fc.constantFrom(...required), fc.boolean())
      .map(([{ [required[0] ?? ""]: _, ...fields }, name, isEmpty]) =>
        isEmpty ? { ...fields, [name]: "" } : fields,
      );
    await refused(40, lacking, /^MissingParameter/);
  });

  test("refuses the older signature after one letter changed", () => {
    const wrong = texts().chain((fields) => {
      const signed = new URLSearchParams(String(signedV1({ ...Action, ...fields }, by()).body));
      return fc
        .constantFrom(
          ...[...signed].flatMap(([name, value]) =>
            value === "" || name === "SignatureMethod" ? [] : [name],
          ),
        )
        .chain((name) =>
          marred(signed.get(name) ?? "").map((value): Wrong => {
            const form = { ...Object.fromEntries(signed), [name]: value };
            const event = scfEvent({ host: HOST, "content-type": FORM }, stringify(form));
            return { functionName: "api", isSigned: true, event };
          }),
        );
    });
    return refusals.expectRefused(100, wrong, /^AuthFailure\./);
  });
});

describe("an event that no platform sends is refused:", () => {
  const anyFunction = () => fc.constantFrom(...Object.values(FUNCTION_OF), "api");
  const named = () => JSON.stringify({ SdkAppId: CN_APP, TaskId: refusals.existing.taskIds.cn });
  const withoutKey = () => scfEvent({ host: HOST, "content-type": "application/json" }, named());
  const REFUSED = /^(InvalidRequest|AuthFailure.InvalidAuthorization|RequestSizeLimitExceeded)$/;

  test("any JSON, and bytes", async () => {
    const events = fc.oneof<fc.Arbitrary<unknown>[]>(
      fc.jsonValue(),
      fc.uint8Array(),
      fc.string({ unit: "binary" }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64")),
      fc.constantFrom(undefined, null, Number.NaN, "", "{}", [], {}),
    );
    const wrong = fc
      .tuple(anyFunction(), events)
      .map(([functionName, event]) => ({ functionName, event }));
    await refusals.expectRefused(1000, wrong, REFUSED);
  });

  test("a recorded event with any part replaced by any JSON", async () => {
    const parts = fc.constantFrom(
      ...["httpMethod", "headers", "body", "isBase64Encoded", "path", "queryString"],
      ...["requestContext", "rawQueryString", "rawPath", "queryStringParameters", "__proto__"],
    );
    const wrong = fc
      .tuple(
        anyFunction(),
        fc.array(fc.tuple(parts, fc.jsonValue()), { minLength: 1, maxLength: 4 }),
      )
      .map(([functionName, changes]) => ({
        functionName,
        event: Object.fromEntries([...Object.entries(withoutKey()), ...changes]),
      }));
    await refusals.expectRefused(1500, wrong, REFUSED);
  });
});

test("all these refusals changed no row, no slot and no task", async () => {
  await refusals.expectUnchanged(8000);
  const { response } = await refusals.app.post("describe-ingest", {
    SdkAppId: CN_APP,
    TaskId: refusals.existing.taskIds.cn,
  });
  expect(response).toMatchObject({ State: "running" });
});
