/** The error table compared with Tencent's own lists, which are written out here. */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { ERROR_TABLE, errorRow } from "../../shared/contract/error-table.js";
import { ApiError, asApiError } from "../../shared/contract/errors.js";

/** From the error lists of StartStreamIngest, StopStreamIngest, UpdateStreamIngest, DescribeStreamIngest. */
const TRTC_CODES = [
  "FailedOperation.NotAllowed",
  "FailedOperation.NotRtmpFunction",
  "FailedOperation.RestrictedConcurrency",
  "FailedOperation.TaskExist",
  "FailedOperation.TaskFinished",
  "FailedOperation.TaskNotExist",
  "FailedOperation.QueryTaskInfoFailed",
  "InternalError.HttpParseFailed",
  "InternalError.InternalError",
  "InternalError.DBError",
  "InvalidParameter.BodyParamsError",
  "InvalidParameter.RoomId",
  "InvalidParameter.StrRoomId",
  "InvalidParameter.SdkAppId",
  "InvalidParameter.StreamUrl",
  "InvalidParameter.TaskId",
  "InvalidParameter.UserSig",
  "MissingParameter.RoomId",
  "MissingParameter.SdkAppId",
  "MissingParameter.TaskId",
  "ResourceInsufficient.RequestRejection",
];

/** Common codes of Tencent Cloud API 3.0 where the same request can succeed later. */
const REPEATABLE = [
  "RequestLimitExceeded",
  "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
  "RequestLimitExceeded.IPLimitExceeded",
  "RequestLimitExceeded.UinLimitExceeded",
  "InternalError",
  "InternalError.HttpParseFailed",
  "InternalError.InternalError",
  "InternalError.DBError",
  "ServiceUnavailable",
  "ResourceUnavailable",
  "LimitExceeded",
  "ResourceInsufficient",
  "ResourceInsufficient.RequestRejection",
  "FailedOperation.RestrictedConcurrency",
  "AuthFailure.TokenFailure",
];

/** Codes where it cannot: wrong credentials, a wrong call, wrong input, a state, a prohibition. */
const FINAL = [
  "AuthFailure.SignatureExpire",
  "AuthFailure.InvalidAuthorization",
  "AuthFailure.InvalidSecretId",
  "AuthFailure.SecretIdNotFound",
  "AuthFailure.SignatureFailure",
  "AuthFailure.MFAFailure",
  "AuthFailure.UnauthorizedOperation",
  "UnauthorizedOperation",
  "UnauthorizedOperation.SdkAppId",
  "ActionOffline",
  "InvalidAction",
  "NoSuchVersion",
  "NoSuchProduct",
  "UnsupportedRegion",
  "UnsupportedProtocol",
  "UnsupportedOperation",
  "InvalidParameter",
  "InvalidParameterValue",
  "MissingParameter",
  "UnknownParameter",
  "InvalidRequest",
  "RequestSizeLimitExceeded",
  "ResponseSizeLimitExceeded",
  "ResourceNotFound",
  "FailedOperation",
  "DryRunOperation",
  "IpInBlacklist",
  "IpNotInWhitelist",
  "FailedOperation.TaskFinished",
  "FailedOperation.TaskNotExist",
  "FailedOperation.TaskExist",
];

const table = Object.entries(ERROR_TABLE);

describe("the table of error codes", () => {
  test.each([...TRTC_CODES, ...REPEATABLE, ...FINAL, "ResourceInUse"])("contains %s", (code) => {
    expect(Object.keys(ERROR_TABLE)).toContain(code);
  });

  test.each(REPEATABLE)("says that %s may be retried", (code) => {
    expect(errorRow(code).retry).toBe(true);
  });

  test.each(FINAL)("says that %s may not be retried", (code) => {
    expect(errorRow(code).retry).toBe(false);
  });

  test.each(table)(
    "gives %s an HTTP status that agrees with its retry advice",
    (_, { status, retry }) => {
      expect([400, 401, 403, 404, 405, 409, 410, 413, 429, 500, 502, 503]).toContain(status);
      if (status >= 501 || status === 429) expect(retry).toBe(true);
      if ([400, 403, 404, 405, 410, 413].includes(status)) expect(retry).toBe(false);
    },
  );

  test.each(table)("gives %s a sentence that says what to send or do", (_, { advice }) => {
    expect(advice).toMatch(/^[A-Z][^\n]{10,200}\.$/);
    expect(advice).not.toMatch(/ {2}|\s$|undefined/);
  });

  test.each<[string, number, string[]]>([
    ["AuthFailure", 401, ["AuthFailure.UnauthorizedOperation"]],
    ["UnauthorizedOperation", 403, []],
    ["MissingParameter", 400, []],
    ["InvalidParameter", 400, []],
    ["RequestLimitExceeded", 429, []],
  ])("gives %s and its family the status %d", (family, expected, others) => {
    const codes = table.filter(([code]) => code.split(".")[0] === family);
    expect(codes).not.toEqual([]);
    for (const [code, { status }] of codes) {
      if (!others.includes(code)) expect({ code, status }).toEqual({ code, status: expected });
    }
  });
});

describe("a code that is not in the table", () => {
  test("is treated like its family's code", () => {
    expect(errorRow("InvalidParameter.Colour")).toBe(ERROR_TABLE.InvalidParameter);
    expect(errorRow("RequestLimitExceeded.Tomorrow")).toBe(ERROR_TABLE.RequestLimitExceeded);
    expect(errorRow("InternalError.Some.Thing")).toBe(ERROR_TABLE.InternalError);
  });

  test.each(["NeverHeardOf", "NeverHeardOf.It", "", ".", "constructor", "toString.x", "__proto__"])(
    "and of no known family is final: %j",
    (code) => {
      expect(errorRow(code)).toEqual({
        status: 500,
        retry: false,
        advice: "TRTC refused the request.",
      });
    },
  );
});

describe("an error that a caller may read", () => {
  test("has its row's status and advice, unless it says something better", () => {
    const plain = new ApiError("InvalidAction");
    expect(plain).toMatchObject({ status: 400, retry: false, detail: undefined });
    expect(plain.message).toBe(ERROR_TABLE.InvalidAction.advice);
    expect(new ApiError("InvalidAction", "Send another.").message).toBe("Send another.");
  });

  test("keeps what is for the log apart from what is for the caller", () => {
    const error = new ApiError("InternalError", undefined, { detail: "connection refused" });
    expect(error.detail).toBe("connection refused");
    expect(error.message).not.toContain("connection refused");
  });

  test("is not wrapped again", () => {
    const error = new ApiError("InvalidAction");
    expect(asApiError(error)).toBe(error);
  });
});

describe("another thrown value", () => {
  test.each<[string, unknown]>([
    ["an error", new Error("password=hunter2")],
    ["an error without a stack", Object.assign(new Error("hunter2"), { stack: undefined })],
    ["an error that names a code", Object.assign(new Error("hunter2"), { code: "hunter2" })],
    ["an error that calls itself ours", Object.assign(new Error("hunter2"), { name: "ApiError" })],
    ["text", "hunter2"],
    ["an object", { message: "hunter2" }],
    ["nothing", undefined],
    ["null", null],
  ])("%s becomes InternalError, and its text goes to the log only", (_, thrown) => {
    const error = asApiError(thrown);
    expect(error.code).toBe("InternalError");
    expect(error.message).toBe(ERROR_TABLE.InternalError.advice);
    expect(error.cause).toBe(thrown);
    expect(error.detail).toEqual(expect.any(String));
  });

  test("does not reach the caller", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        const { code, message, status, retry } = asApiError(thrown);
        expect({ code, message, status, retry }).toEqual({
          code: "InternalError",
          message: ERROR_TABLE.InternalError.advice,
          status: 500,
          retry: true,
        });
      }),
    );
  });
});
