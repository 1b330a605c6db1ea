/** Reads the action, its version and its region, from every place that Tencent allows. */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import type { HttpRequest } from "../../shared/runtime/http-event.js";
import { readCall } from "../../shared/runtime/read-call.js";
import { type Action, ACTIONS } from "../../shared/contract/schemas.js";
import { get, post, signedV1 } from "../support/http/http-requests.js";

const signer = { secretId: "AKIDbackend", secretKey: "a-secret-key-of-it" };

/** Returns `Code: Message` of the refusal. It throws without a refusal. */
function refusal(request: HttpRequest, served: readonly Action[] = ACTIONS): string {
  try {
    readCall(request, served);
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("the call was read");
}

const actionOf = (request: HttpRequest, served: readonly Action[] = ACTIONS): Action =>
  readCall(request, served).action;

const withAction = (action: string, body = "{}") => post(body, { "x-tc-action": action });

describe("the action", () => {
  test.each(ACTIONS)("%s may be named by a header, a query, or a signed form", (Action) => {
    expect(actionOf(withAction(Action))).toBe(Action);
    expect(actionOf({ ...post("{}"), parameters: { Action } })).toBe(Action);
    expect(actionOf(get({ Action }))).toBe(Action);
    expect(actionOf(signedV1({ Action }, signer))).toBe(Action);
    expect(actionOf(signedV1({ Action }, { ...signer, method: "GET" }))).toBe(Action);
  });

  test("may be absent at a function with one action", () => {
    expect(actionOf(post("{}"), ["StopStreamIngest"])).toBe("StopStreamIngest");
    expect(actionOf(withAction("StopStreamIngest"), ["StopStreamIngest"])).toBe("StopStreamIngest");
  });

  test("must be named at a function with several actions", () => {
    expect(refusal(post("{}"), ["StopStreamIngest", "ListStreamIngests"])).toBe(
      "InvalidAction: Send one of StopStreamIngest, ListStreamIngests as X-TC-Action.",
    );
  });

  test("of another function is refused, not treated as this function's own", () => {
    expect(refusal(withAction("StartStreamIngest"), ["StopStreamIngest"])).toBe(
      "InvalidAction: Send one of StopStreamIngest as X-TC-Action.",
    );
  });

  test.each([
    "StartRelay",
    "startstreamingest",
    "",
    " StopStreamIngest",
    "constructor",
    "__proto__",
  ])("is refused when no function has it: %j", (action) => {
    expect(refusal(withAction(action))).toMatch(/^InvalidAction: /);
  });

  test("is the signed one with the older signature, and a header cannot replace it", () => {
    for (const method of ["POST", "GET"] as const) {
      const captured = signedV1({ Action: "DescribeStreamIngest" }, { ...signer, method });
      const headers = { ...captured.headers, "x-tc-action": "StopStreamIngest" };
      expect(actionOf({ ...captured, headers })).toBe("DescribeStreamIngest");
    }
  });
});

describe("the version", () => {
  test("may be absent, or the supported one", () => {
    const version = { "x-tc-version": "2019-07-22" };
    expect(actionOf(post("{}", version), ["StopStreamIngest"])).toBe("StopStreamIngest");
    expect(actionOf(get({ Version: "2019-07-22" }), ["StopStreamIngest"])).toBe("StopStreamIngest");
  });

  test.each(["2017-03-12", "2019-07-22 ", "", "latest"])("is refused when it is %j", (version) => {
    const named = { "x-tc-action": "StopStreamIngest", "x-tc-version": version };
    expect(refusal(post("{}", named))).toMatch(/^NoSuchVersion: .*2019-07-22/);
    expect(refusal(signedV1({ Version: version }, signer))).toMatch(/^NoSuchVersion: /);
  });
});

describe("the region", () => {
  const regionOf = (request: HttpRequest) => readCall(request, ["StopStreamIngest"]).region;

  test("may be named by a header, a query or a form, or be absent", () => {
    expect(regionOf(post("{}", { "x-tc-region": "ap-tokyo" }))).toBe("ap-tokyo");
    expect(regionOf(get({ Region: "ap-tokyo" }))).toBe("ap-tokyo");
    expect(regionOf(signedV1({ Region: "ap-tokyo" }, signer))).toBe("ap-tokyo");
    expect(regionOf(post("{}"))).toBeUndefined();
  });
});

test.each(["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", ""])(
  "the method %s is refused",
  (method) => {
    expect(refusal({ ...withAction("StopStreamIngest"), method })).toBe(
      "UnsupportedProtocol: Send GET or POST.",
    );
  },
);
