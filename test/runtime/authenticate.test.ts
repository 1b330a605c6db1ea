/** Identifies the caller by a Bearer key or a TC3 signature. */
import { describe, expect, test } from "@jest/globals";
import { isSigned } from "../../shared/runtime/authenticate.js";
import type { HttpRequest } from "../../shared/runtime/http-event.js";
import {
  backend,
  changed,
  config,
  KEY,
  KEYS,
  later,
  outcome,
  who,
  withHeader,
} from "../support/contract/callers.js";
import { FORM, get, post, signedTc3, signedV1 } from "../support/http/http-requests.js";

const bearer = (key: string, scheme = "Bearer") =>
  post("{}", { authorization: `${scheme} ${key}` });
const BODY = '{"TaskId":"任务"}';
const tc3 = (signer: Parameters<typeof signedTc3>[1], body = BODY) => signedTc3(post(body), signer);
const v1 = (method: "GET" | "POST") => signedV1({ TaskId: "task" }, { ...backend, method });

describe("a Bearer key", () => {
  test.each(KEYS)("identifies its caller, also while keys are rotated: %s", (key) => {
    expect(who(bearer(key))).toEqual({ caller: config.callers.get("AKIDbackend") });
  });

  test("identifies each of several callers", () => {
    expect(outcome(bearer("the-key-of-another"))).toBe("AKIDother");
  });

  test("may follow its scheme in any case, with any space before it", () => {
    expect(outcome(bearer(KEY, "bearer"))).toBe("AKIDbackend");
    expect(outcome(bearer(`  ${KEY}`, "BEARER"))).toBe("AKIDbackend");
  });

  test.each([
    ["nobody's", "a-key-that-nobody-has"],
    ["the beginning of a key", KEY.slice(0, -1)],
    ["a key and something more", `${KEY}x`],
    ["a SecretId in place of its key", "AKIDbackend"],
    ["in capitals", KEY.toUpperCase()],
    ["as long as can be", "k".repeat(256)],
  ])("is refused when it is %s", (_, key) => {
    expect(outcome(bearer(key))).toBe("AuthFailure.SecretIdNotFound");
  });

  test.each([
    ["nothing", ""],
    ["two words", `${KEY} ${KEY}`],
    ["longer than any key", "k".repeat(257)],
  ])("cannot be read when it is %s", (_, key) => {
    expect(outcome(bearer(key))).toBe("AuthFailure.InvalidAuthorization");
  });
});

describe("missing or unknown credentials are refused:", () => {
  test("none at all, and the refusal says how to sign", () => {
    expect(() => who(post("{}"))).toThrow(
      "The request is not signed: sign it with TC3-HMAC-SHA256, as Tencent's SDKs do, or send the header `Authorization: Bearer <key>`.",
    );
    expect(outcome(get({ TaskId: "task" }))).toBe("AuthFailure.InvalidAuthorization");
    expect(outcome(post("TaskId=task", { "content-type": FORM }))).toBe(
      "AuthFailure.InvalidAuthorization",
    );
  });

  test.each([
    "Basic YmFja2VuZDprZXk=",
    "Digest username=backend",
    `Token ${KEY}`,
    KEY,
    `Bearer:${KEY}`,
    "TC3-HMAC-SHA1 Credential=AKIDbackend/2026-01-01/trtc/tc3_request",
    "SKIP",
    " ",
  ])("another scheme: %s", (authorization) => {
    expect(outcome(post("{}", { authorization }))).toBe("AuthFailure.InvalidAuthorization");
  });

  test("the older signature's parameters in JSON, which it does not cover", () => {
    const { parameters } = signedV1({}, { ...backend, method: "GET" });
    expect(outcome(post(JSON.stringify(parameters)))).toBe("AuthFailure.InvalidAuthorization");
  });

  test("the older signature's parameters in the query of a POST", () => {
    const { parameters } = signedV1({}, { ...backend, method: "GET" });
    expect(outcome({ ...post("{}"), parameters })).toBe("AuthFailure.InvalidAuthorization");
  });
});

describe("a TC3 signature", () => {
  test.each(KEYS)("identifies its caller with either key of a rotation: %s", (secretKey) => {
    expect(outcome(tc3({ ...backend, secretKey }))).toBe("AKIDbackend");
  });

  test("gives a repeated request the same identity", () => {
    const request = tc3(backend);
    const { signature } = who(request);
    expect(request.headers["authorization"]).toContain(`Signature=${String(signature)}`);
    expect(who(request).signature).toBe(signature);
    expect(who(tc3({ ...backend, at: later(1) })).signature).not.toBe(signature);
  });

  test("with an unsigned payload gives a request its identity together with its body", () => {
    const nameOf = (body: string) => {
      const unsigned = post(body, { "x-tc-content-sha256": "UNSIGNED-PAYLOAD" });
      return who(signedTc3(unsigned, backend)).signature;
    };
    expect(nameOf('{"TaskId":"a"}')).toBe(nameOf('{"TaskId":"a"}'));
    expect(nameOf('{"TaskId":"a"}')).not.toBe(nameOf('{"TaskId":"b"}'));
  });

  test("may cover a GET, an unsigned payload, more headers, and any service", () => {
    const query = get({ SdkAppId: "1600000000", TaskId: "a+b c" });
    expect(outcome(signedTc3(query, backend))).toBe("AKIDbackend");
    const unsigned = post(BODY, { "x-tc-content-sha256": "UNSIGNED-PAYLOAD" });
    expect(outcome(signedTc3(unsigned, backend))).toBe("AKIDbackend");
    const named = post(BODY, { "x-tc-action": "StopStreamIngest" });
    const signedHeaders = ["content-type", "host", "x-tc-action"];
    expect(outcome(signedTc3(named, { ...backend, signedHeaders }))).toBe("AKIDbackend");
    expect(outcome(tc3({ ...backend, service: "127" }))).toBe("AKIDbackend");
  });

  test.each([
    ["an unknown SecretId", "AKIDnobody"],
    ["a SecretId that every object has", "constructor"],
    ["another SecretId that every object has", "__proto__"],
  ])("of %s is refused", (_, secretId) => {
    expect(outcome(tc3({ ...backend, secretId }))).toBe("AuthFailure.SecretIdNotFound");
  });

  test.each<[string, HttpRequest]>([
    ["with a key that nobody has", tc3({ ...backend, secretKey: "a-key-that-nobody-has" })],
    ["with another caller's key", tc3({ ...backend, secretKey: "the-key-of-another" })],
    ["over another body", changed(tc3(backend), () => ({ body: Buffer.from("{}") }))],
    ["over another query", changed(tc3(backend), () => ({ query: "TaskId=other" }))],
    ["of another method", changed(tc3(backend), () => ({ method: "GET" }))],
    ["for another host", withHeader(tc3(backend), "host", "evil.example")],
    ["of another type", withHeader(tc3(backend), "content-type", "text/plain")],
    ["at another time", withHeader(tc3(backend), "x-tc-timestamp", "1767268801")],
  ])("made %s is refused as forged", (_, request) => {
    expect(outcome(request)).toBe("AuthFailure.SignatureFailure");
  });

  test("is valid for five minutes before and after its time, and not a second more", () => {
    for (const seconds of [-300, 300]) {
      expect(outcome(tc3(backend), later(seconds))).toBe("AKIDbackend");
    }
    for (const seconds of [-301, 301]) {
      expect(outcome(tc3(backend), later(seconds))).toBe("AuthFailure.SignatureExpire");
    }
  });

  test.each([
    ["without a signature", "TC3-HMAC-SHA256 Credential=AKIDbackend/2026-01-01/trtc/tc3_request"],
    ["without anything", "TC3-HMAC-SHA256"],
    ["with half a signature", String(tc3(backend).headers["authorization"]).slice(0, -32)],
  ])("%s cannot be read", (_, authorization) => {
    const request = withHeader(tc3(backend), "authorization", authorization);
    expect(outcome(request)).toBe("AuthFailure.InvalidAuthorization");
  });

  test("is malformed without its timestamp", () => {
    const { "x-tc-timestamp": _, ...headers } = tc3(backend).headers;
    expect(outcome({ ...tc3(backend), headers })).toBe("AuthFailure.InvalidAuthorization");
  });
});

describe("an answer to a signed request has status 200, because SDKs read errors only from it", () => {
  test.each<[string, boolean, HttpRequest]>([
    ["TC3", true, tc3(backend)],
    ["TC3 that cannot be read", true, post("{}", { authorization: "TC3-HMAC-SHA256" })],
    ["the older signature in a form", true, v1("POST")],
    ["the older signature in a query", true, v1("GET")],
    ["a Bearer key", false, bearer(KEY)],
    ["nothing", false, post("{}")],
    ["nothing, in a form", false, post("TaskId=task", { "content-type": FORM })],
    ["a Signature in JSON", false, post('{"Signature":"x"}')],
  ])("%s: %p", (_, expected, request) => {
    expect(isSigned(request)).toBe(expected);
  });
});
