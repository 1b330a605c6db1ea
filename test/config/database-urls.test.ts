/** DATABASE_URLS: which account is in which database, and what an operator learns of a wrong one. */
import { describe, expect, test } from "@jest/globals";
import { ConfigError } from "../../shared/config/read-variables.js";
import { redactor } from "../../ops/doctor/report.js";
import { parseDatabaseCa } from "../../shared/config/database/parse-ca.js";
import { application, read } from "../support/contract/settings.js";

const A = "postgres://u:secret-of-a@a.example:5432/ingest";
const B = "postgres://u:secret-of-b@b.example/ingest";

const urlsOf = (value: unknown, env: Record<string, string> = {}) =>
  read({
    DATABASE_URL: A,
    DATABASE_URLS: typeof value === "string" ? value : JSON.stringify(value),
    TRTC_APPS: JSON.stringify([{ ...application, Account: "cn" }]),
    ...env,
  }).databaseUrls;

const faultOf = (value: unknown, env: Record<string, string> = {}): string => {
  try {
    urlsOf(value, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("the value was taken");
};

describe("an account", () => {
  test("is in its own database, and every other one is in that of DATABASE_URL", () => {
    expect(urlsOf({ cn: B })).toEqual(new Map([["cn", [B]]]));
    expect(urlsOf("")).toEqual(new Map());
    expect(urlsOf(`\ufeff${JSON.stringify({ cn: B })}`)).toEqual(new Map([["cn", [B]]]));
  });

  test("has two databases while it moves, also back to that of DATABASE_URL", () => {
    expect(urlsOf({ cn: [B, A] })).toEqual(new Map([["cn", [B, A]]]));
    expect(urlsOf({ cn: [A, B] })).toEqual(new Map([["cn", [A, B]]]));
  });
});

describe("a wrong DATABASE_URLS", () => {
  test.each<[string, unknown, string]>([
    ["is no JSON", "{", "DATABASE_URLS is no JSON"],
    ["is a list", [B], "DATABASE_URLS must be a JSON object with a URL for each account"],
    [
      "names an account of no application",
      { "sub-1": B },
      "DATABASE_URLS.sub-1: no application of TRTC_APPS has this account",
    ],
    [
      "has a URL in the place of the account",
      { [B]: "cn" },
      "DATABASE_URLS, entry 1: an account has 1 to 64 letters, digits, dots, dashes or _",
    ],
    [
      "has no URL",
      { cn: [] },
      "DATABASE_URLS.cn must be one URL, or two different ones while the account moves",
    ],
    [
      "has one URL twice",
      { cn: [B, B] },
      "DATABASE_URLS.cn must be one URL, or two different ones while the account moves",
    ],
    [
      "has three URLs",
      { cn: [A, B, `${B}2`] },
      "DATABASE_URLS.cn must be one URL, or two different ones while the account moves",
    ],
    [
      "has another kind of URL",
      { cn: "mysql://u:secret@h/d" },
      "DATABASE_URLS.cn must be a URL that begins with postgres:// or postgresql://",
    ],
    [
      "has a number",
      { cn: 7 },
      "DATABASE_URLS.cn must be a URL that begins with postgres:// or postgresql://",
    ],
    [
      "has an unknown value of ssl",
      { cn: `${B}?ssl=yes` },
      "DATABASE_URLS.cn has an unknown value of ssl: set sslmode=verify-full instead",
    ],
  ])("that %s says so without the value", (_how, value, fault) => {
    expect(faultOf(value)).toBe(fault);
  });

  test.each([
    ["the host in capitals", A.replace("a.example", "A.example")],
    ["the usual port left out", A.replace(":5432", "")],
    ["another scheme", A.replace("postgres:", "postgresql:")],
    ["another user", A.replace("u:secret-of-a", "other:secret-of-other")],
    ["a parameter more", `${A}?sslmode=verify-full`],
    ["the name percent-encoded", A.replace("/ingest", "/%69ngest")],
  ])("that names the database of DATABASE_URL with %s says so", (_how, url) => {
    expect(faultOf({ cn: url })).toBe(
      "DATABASE_URLS.cn names the database of DATABASE_URL in another spelling: send the same text",
    );
  });

  test("that names one database in two spellings says where", () => {
    const TRTC_APPS = JSON.stringify([
      { ...application, Account: "cn" },
      { ...application, SdkAppId: application.SdkAppId + 1, Account: "intl" },
    ]);
    expect(faultOf({ cn: B, intl: B.replace("b.example", "B.example") }, { TRTC_APPS })).toBe(
      "DATABASE_URLS.intl names the database of DATABASE_URLS.cn in another spelling: send the same text",
    );
    expect(urlsOf({ cn: B, intl: B }, { TRTC_APPS }).size).toBe(2);
  });

  test("that stands without DATABASE_URL says what is missing", () => {
    expect(faultOf({ cn: B }, { DATABASE_URL: "" })).toBe(
      "DATABASE_URLS is set and DATABASE_URL is not: it is the database of all other accounts",
    );
  });

  test("that contradicts DATABASE_CA says so", () => {
    expect(faultOf({ cn: `${B}?sslmode=disable` }, { DATABASE_CA: "any" })).toBe(
      "DATABASE_CA is set, but sslmode=disable in DATABASE_URLS.cn checks no certificate: set sslmode=verify-full",
    );
  });
});

test("a fault of DATABASE_CA is data, because a function loads its reader from another file", () => {
  expect(parseDatabaseCa({ DATABASE_CA: "%" })).toEqual({
    fault: expect.stringContaining("DATABASE_CA is neither PEM nor base64"),
  });
});

test.each([JSON.stringify({ cn: B, intl: [A, B] }), `{"cn": "${B}"`])(
  "the doctor shows no password of %j",
  (DATABASE_URLS) => {
    const shown = redactor({ DATABASE_URLS })(`failed: ${B}`);
    expect(shown).not.toContain("secret-of-b");
  },
);
