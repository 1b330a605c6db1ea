/** A wrong setting stops the instance. The message names the setting and never its value. */
import { describe, expect, test } from "@jest/globals";
import {
  account,
  application,
  caller,
  CN_APP,
  INTL_APP,
  read,
  stopping,
  withAccounts,
  withApplication,
  withApplications,
  withCaller,
  withCallers,
} from "../support/contract/settings.js";

describe("a list that is missing or broken stops the instance", () => {
  test.each(["CALLERS", "TRTC_APPS"])("%s, not set", (variable) => {
    const missing = `${variable} is not set: send a JSON list, see docs/configuration.md`;
    expect(stopping(() => read({ [variable]: undefined }))).toBe(missing);
    expect(stopping(() => read({ [variable]: "" }))).toBe(missing);
  });

  test.each(["CALLERS", "TRTC_APPS", "TRTC_ACCOUNTS"])("%s, no JSON list", (variable) => {
    expect(stopping(() => read({ [variable]: "[{" }))).toBe(`${variable} is no JSON`);
    expect(stopping(() => read({ [variable]: "backend" }))).toBe(`${variable} is no JSON`);
    for (const text of ["{}", "null", "7", '"text"']) {
      expect(stopping(() => read({ [variable]: text }))).toBe(`${variable} must be a JSON list`);
    }
    for (const text of ['["text"]', "[null]", "[[]]", "[7]"]) {
      expect(stopping(() => read({ [variable]: text }))).toBe(
        `${variable}[0]: This must be one JSON object.`,
      );
    }
  });
});

describe("a wrong field stops the instance, with its place", () => {
  test.each<[string, object, string]>([
    ["no Id", { Id: undefined }, "Id is missing"],
    ["an Id with a space", { Id: "back end" }, "Id has the wrong form"],
    ["an Id of 65 letters", { Id: "a".repeat(65) }, "Id has the wrong form"],
    ["no SecretKeys", { SecretKeys: undefined }, "SecretKeys is missing: send a list"],
    [
      "a SecretKey in place of the list",
      { SecretKeys: "k".repeat(32) },
      "SecretKeys has the wrong type: send a list",
    ],
    ["an empty list of SecretKeys", { SecretKeys: [] }, "SecretKeys is empty: send a list"],
    [
      "five SecretKeys",
      { SecretKeys: ["a", "b", "c", "d", "e"].map((key) => key.repeat(16)) },
      "SecretKeys is too long",
    ],
    [
      "a SecretKey of 15 characters",
      { SecretKeys: ["k".repeat(16), "k".repeat(15)] },
      "SecretKeys[1] is too short: send a string of 16 to 256 characters",
    ],
    [
      "a SecretKey of 257 characters",
      { SecretKeys: ["k".repeat(257)] },
      "SecretKeys[0] is too long",
    ],
    [
      "a SecretKey with a space",
      { SecretKeys: ["a key with some spaces"] },
      "SecretKeys[0] has the wrong form",
    ],
    [
      "a SecretKey that is a number",
      { SecretKeys: [1234567890123456] },
      "SecretKeys[0] has the wrong type",
    ],
    ["no SdkAppIds", { SdkAppIds: undefined }, "SdkAppIds is missing: send a list"],
    ["an empty list of SdkAppIds", { SdkAppIds: [] }, "SdkAppIds is empty"],
    [
      "an SdkAppId as text",
      { SdkAppIds: [String(INTL_APP)] },
      "SdkAppIds[0] has the wrong type: send an integer",
    ],
    ["an SdkAppId of zero", { SdkAppIds: [INTL_APP, 0] }, "SdkAppIds[1] is too small"],
    ["an SdkAppId twice", { SdkAppIds: [INTL_APP, INTL_APP] }, "SdkAppIds names something twice"],
    ["an empty RoomPattern", { RoomPattern: "" }, "RoomPattern is too short"],
    [
      "a RoomPattern of 513 characters",
      { RoomPattern: "a".repeat(513) },
      "RoomPattern is too long",
    ],
    ["an empty list of StreamHosts", { StreamHosts: [] }, "StreamHosts is empty"],
    [
      "a StreamHost in capitals",
      { StreamHosts: ["a.example", "B.example"] },
      "StreamHosts[1] has the wrong form",
    ],
    [
      "a StreamHost with its scheme",
      { StreamHosts: ["https://a.example"] },
      "StreamHosts[0] has the wrong form",
    ],
    [
      "a StreamHost with a port",
      { StreamHosts: ["a.example:8443"] },
      "StreamHosts[0] has the wrong form",
    ],
    [
      "a StreamHost with a closing dot",
      { StreamHosts: ["a.example."] },
      "StreamHosts[0] has the wrong form",
    ],
    ["a StreamHost of a star alone", { StreamHosts: ["*"] }, "StreamHosts[0] has the wrong form"],
    ["a MaxDuration of zero", { MaxDuration: 0 }, "MaxDuration is too small"],
    ["a MaxDuration of more than 366 days", { MaxDuration: 527_041 }, "MaxDuration is too large"],
    ["a MaxDuration as text", { MaxDuration: "60" }, "MaxDuration has the wrong type"],
    ["a field that is not there", { maxDuration: 60 }, "There is no field maxDuration"],
  ])("CALLERS: %s", (_, changes, expected) => {
    const other = { ...caller, Id: "other", SecretKeys: ["other-secret-key-1"] };
    const message = stopping(() => withCallers(other, { ...caller, ...changes }));
    expect(message).toContain(`CALLERS[1]: ${expected}`);
  });

  test.each<[string, object, string]>([
    ["no SdkAppId", { SdkAppId: undefined }, "SdkAppId is missing: send an integer"],
    ["an SdkAppId as text", { SdkAppId: "1600000000" }, "SdkAppId has the wrong type"],
    ["an SdkAppId past 32 bits", { SdkAppId: 2 ** 32 }, "SdkAppId is too large"],
    ["no SecretKey", { SecretKey: undefined }, "SecretKey is missing: send a string"],
    ["a short SecretKey", { SecretKey: "k".repeat(15) }, "SecretKey is too short"],
    [
      "another site",
      { Site: "moon" },
      'Site has a value that is not offered: send one of "intl", "cn"',
    ],
    ["a Region with a space", { Region: "ap singapore" }, "Region has the wrong form"],
    ["an Account with a slash", { Account: "a/b" }, "Account has the wrong form"],
    [
      "a callback key of 33 letters",
      { CallbackKeys: ["key", "k".repeat(33)] },
      "CallbackKeys[1] has the wrong form",
    ],
    [
      "a callback key with a sign",
      { CallbackKeys: ["key-1"] },
      "CallbackKeys[0] has the wrong form",
    ],
    ["an empty callback key", { CallbackKeys: [""] }, "CallbackKeys[0] has the wrong form"],
    ["no callback key in the list", { CallbackKeys: [] }, "CallbackKeys is empty"],
    ["five callback keys", { CallbackKeys: ["a", "b", "c", "d", "e"] }, "CallbackKeys is too long"],
    ["a callback key by itself", { CallbackKeys: "key" }, "CallbackKeys has the wrong type"],
    [
      "StopWhenEmptySeconds of more than a day",
      { CallbackKeys: ["key"], StopWhenEmptySeconds: 86_401 },
      "StopWhenEmptySeconds is too large",
    ],
    [
      "StopWhenEmptySeconds without callbacks",
      { StopWhenEmptySeconds: 30 },
      "StopWhenEmptySeconds needs CallbackKeys",
    ],
    [
      "AdvancedPermission as text",
      { AdvancedPermission: "on" },
      "AdvancedPermission has the wrong type: send true or false",
    ],
    ["a field that is not there", { SecretKeys: ["x"] }, "There is no field SecretKeys"],
  ])("TRTC_APPS: %s", (_, changes, expected) => {
    const other = { ...application, SdkAppId: CN_APP };
    const message = stopping(() => withApplications(other, { ...application, ...changes }));
    expect(message).toContain(`TRTC_APPS[1]: ${expected}`);
  });

  test.each<[string, object, string]>([
    ["no Account", { Account: undefined }, "Account is missing"],
    ["no SecretId", { SecretId: undefined }, "SecretId is missing"],
    ["no SecretKey", { SecretKey: undefined }, "SecretKey is missing"],
    ["a short SecretKey", { SecretKey: "short" }, "SecretKey is too short"],
    ["a Token that is a number", { Token: 7 }, "Token has the wrong type: send a string"],
    ["a field that is not there", { secretKey: "x" }, "There is no field secretKey"],
  ])("TRTC_ACCOUNTS: %s", (_, changes, expected) => {
    const message = stopping(() => withAccounts({ ...account, ...changes }));
    expect(message).toContain(`TRTC_ACCOUNTS[0]: ${expected}`);
  });
});

describe("settings that contradict each other stop the instance:", () => {
  test("a caller with an unknown application", () => {
    expect(stopping(() => withCaller({ SdkAppIds: [INTL_APP, CN_APP] }))).toBe(
      "CALLERS[0]: SdkAppId 1400000000 is not in TRTC_APPS",
    );
  });

  test("two callers with one Id", () => {
    const twin = { ...caller, SecretKeys: ["another-secret-key"] };
    expect(stopping(() => withCallers(caller, twin))).toBe(
      "CALLERS[1]: Id is used by another entry",
    );
  });

  test("two callers with one key, which would hide which one calls", () => {
    const sharing = {
      ...caller,
      Id: "frontend",
      SecretKeys: ["a-key-of-its-own", "backend-secret-key"],
    };
    expect(stopping(() => withCallers(caller, sharing))).toBe(
      "CALLERS[0] and CALLERS[1] share a SecretKey",
    );
  });

  test("two applications with one callback key, whose callbacks could be swapped", () => {
    const [CallbackKeys, SdkAppId] = [["first", "second"], CN_APP];
    const other = { ...application, SdkAppId, CallbackKeys: ["third", "first"] };
    expect(stopping(() => withApplications({ ...application, CallbackKeys }, other))).toBe(
      "TRTC_APPS[0] and TRTC_APPS[1] share a CallbackKey",
    );
    const apart = { ...other, CallbackKeys: ["third", "third"] };
    const { applications } = withApplications({ ...application, CallbackKeys }, apart);
    expect(applications.get(CN_APP)?.CallbackKeys).toEqual(["third", "third"]);
  });

  test("one application twice, one account twice", () => {
    expect(stopping(() => withApplications(application, application))).toBe(
      "TRTC_APPS[1]: SdkAppId is used by another entry",
    );
    expect(stopping(() => withAccounts(account, account))).toBe(
      "TRTC_ACCOUNTS[1]: Account is used by another entry",
    );
  });

  test.each([
    ["intl", "ap-tokyo", "ap-bangkok, ap-jakarta, ap-mumbai, ap-singapore"],
    ["cn", "ap-bangkok", "ap-beijing, ap-chongqing, ap-guangzhou, ap-shanghai, ap-singapore"],
  ])("an application of %s in %s, where nothing could be stopped", (Site, Region, regions) => {
    expect(stopping(() => withApplication({ Site, Region }))).toBe(
      `TRTC_APPS[0]: Region must be one of ${regions}`,
    );
  });

  test.each(["(", "[a-", "a)|(?:b", "a{2,1}", "\\", "*", "(?<name>a)\\k<other>"])(
    "a RoomPattern that is no regular expression: %s",
    (RoomPattern) => {
      expect(stopping(() => withCaller({ RoomPattern }))).toBe(
        "CALLERS[0]: RoomPattern is not a regular expression",
      );
    },
  );
});

describe("a single value that is wrong stops the instance by its name", () => {
  test.each(["yes", "ON", "2", " on", "no"])("ALLOW_PRIVATE_STREAM_HOSTS=%s", (text) => {
    expect(stopping(() => read({ ALLOW_PRIVATE_STREAM_HOSTS: text }))).toBe(
      "ALLOW_PRIVATE_STREAM_HOSTS must be on or off",
    );
  });

  test.each(["mysql://db/ingest", "db.internal:5432", "/tmp/socket", "postgres"])(
    "DATABASE_URL=%s",
    (text) => {
      expect(stopping(() => read({ DATABASE_URL: text }))).toBe(
        "DATABASE_URL must be a URL that begins with postgres:// or postgresql://",
      );
    },
  );

  test.each(["127.0.0.1:3001", "ftp://127.0.0.1", "trtc.tencentcloudapi.com"])(
    "TRTC_ENDPOINT=%s",
    (text) => {
      expect(stopping(() => read({ TRTC_ENDPOINT: text }))).toBe(
        "TRTC_ENDPOINT must be a URL that begins with http:// or https://",
      );
    },
  );

  test.each(["-1", "3651", "0.5", "never", "NaN", "90d", " "])("RETENTION_DAYS=%j", (text) => {
    expect(stopping(() => read({ RETENTION_DAYS: text }))).toBe(
      "RETENTION_DAYS must be a whole number of days from 1 to 3650, or 0 to delete nothing",
    );
  });

  test.each<[string, object[], string]>([
    ["no date", [{ HD: 5 }], "PRICES[0]: Of is missing"],
    ["another date", [{ Of: "November" }], "PRICES[0]: Of has the wrong form"],
    ["a month 13", [{ Of: "2026-13-01" }], "PRICES[0]: Of has the wrong form"],
    ["a text for a price", [{ Of: "2026-11-01", HD: "5.99" }], "PRICES[0]: HD has the wrong type"],
    ["a price below zero", [{ Of: "2026-11-01", HD: -1 }], "PRICES[0]: HD is too small"],
    ["a price of 10,001", [{ Of: "2026-11-01", HD: 10_001 }], "PRICES[0]: HD is too large"],
    ["an unknown tier", [{ Of: "2026-11-01", "8K": 99 }], "PRICES[0]: There is no field 8K"],
    ["an unknown site", [{ Of: "2026-11-01", Site: "eu" }], "PRICES[0]: Site"],
    [
      "four decimals",
      [{ Of: "2026-11-01", RoomStay: 0.0001 }],
      "PRICES[0]: RoomStay has more than three decimals: round it, in USD for 1,000 minutes",
    ],
    [
      "two entries of a site",
      [
        { Of: "2026-11-01", Site: "cn" },
        { Of: "2026-11-02", Site: "cn" },
      ],
      "PRICES[1]: Site is used by another entry",
    ],
    [
      "two entries of both sites",
      [{ Of: "2026-11-01" }, { Of: "2026-11-02" }],
      "PRICES[1]: Site is used by another entry",
    ],
  ])("PRICES with %s", (_, entries, fault) => {
    expect(stopping(() => read({ PRICES: JSON.stringify(entries) }))).toContain(fault);
  });

  test.each([
    ["TRTC_TIMEOUT_SECONDS", 1, 60],
    ["ADVANCE_TICK_SECONDS", 1, 300],
    ["EXPIRY_TICK_SECONDS", 1, 300],
  ])("%s goes from %d to %d", (variable, min, max) => {
    expect(() => read({ [variable]: String(min) })).not.toThrow();
    expect(() => read({ [variable]: String(max) })).not.toThrow();
    const wrong = [min - 0.001, max + 0.001, 0, -1, "a minute", "NaN", "Infinity", "5s", " "];
    for (const text of wrong.map(String)) {
      expect(stopping(() => read({ [variable]: text }))).toBe(
        `${variable} must be a number of seconds from ${min} to ${max}`,
      );
    }
  });
});
