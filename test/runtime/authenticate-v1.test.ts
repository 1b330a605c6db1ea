/** Identifies the caller by Tencent's older signature, in a form or a query. */
import { describe, expect, test } from "@jest/globals";
import {
  backend,
  changed,
  config,
  KEYS,
  later,
  OLD_KEY,
  outcome,
  who,
  withHeader,
} from "../support/contract/callers.js";
import { get, signedV1 } from "../support/http/http-requests.js";

const v1 = (signer: Parameters<typeof signedV1>[1]) => signedV1({ TaskId: "任务 + 1" }, signer);

describe("the older signature", () => {
  const FORMS = (["POST", "GET"] as const).flatMap((method) =>
    ["HmacSHA1", "HmacSHA256"].map((algorithm) => ({ method, algorithm })),
  );

  test.each(FORMS)("identifies its caller: $method, $algorithm", (form) => {
    for (const secretKey of KEYS) {
      const request = v1({ ...backend, secretKey, ...form });
      expect(who(request)).toMatchObject({
        caller: config.callers.get("AKIDbackend"),
        signature: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
      });
    }
  });

  test.each(FORMS)("over anything else is refused as forged: $method, $algorithm", (form) => {
    const request = v1({ ...backend, ...form });
    const forged = changed(request, ({ body, parameters }) => ({
      body: Buffer.from(body.toString().replace("TaskId=", "TaskId=x")),
      parameters: { ...parameters, TaskId: "other" },
    }));
    expect(outcome(forged)).toBe("AuthFailure.SignatureFailure");
    expect(outcome(withHeader(request, "host", "evil.example"))).toBe(
      "AuthFailure.SignatureFailure",
    );
  });

  test("of an unknown SecretId, and with another caller's key, is refused", () => {
    expect(outcome(v1({ ...backend, secretId: "AKIDnobody" }))).toBe(
      "AuthFailure.SecretIdNotFound",
    );
    expect(outcome(v1({ ...backend, secretKey: "the-key-of-another" }))).toBe(
      "AuthFailure.SignatureFailure",
    );
    expect(outcome(v1({ secretId: "AKIDother", secretKey: OLD_KEY }))).toBe(
      "AuthFailure.SignatureFailure",
    );
  });

  test("is valid for five minutes before and after its time, and not a second more", () => {
    for (const seconds of [-300, 300])
      expect(outcome(v1(backend), later(seconds))).toBe("AKIDbackend");
    for (const seconds of [-301, 301]) {
      expect(outcome(v1(backend), later(seconds))).toBe("AuthFailure.SignatureExpire");
    }
  });

  test.each(["Nonce", "Timestamp", "SecretId", "Signature"])(
    "is malformed without its %s",
    (part) => {
      const { parameters } = v1({ ...backend, method: "GET" });
      const { [part]: _, ...rest } = parameters;
      expect(outcome(get(rest))).toBe("AuthFailure.InvalidAuthorization");
    },
  );

  test("is refused after a field was added", () => {
    const request = v1(backend);
    const body = Buffer.concat([request.body, Buffer.from("&Volume=0")]);
    expect(outcome({ ...request, body })).toBe("AuthFailure.SignatureFailure");
  });

  test("is refused with more fields than the limit", () => {
    const many = Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`Field${i}`, "1"]));
    expect(outcome(signedV1(many, backend))).not.toBe("AKIDbackend");
  });
});
