/** An operator's settings and their meaning. */
import { describe, expect, test } from "@jest/globals";
import { keyDigest } from "../../shared/config/callers.js";
import {
  account,
  INTL_APP,
  read,
  SET,
  withApplication,
  withCaller,
} from "../support/contract/settings.js";

describe("a setting that is left out", () => {
  test("has its default", () => {
    const config = read();
    expect(config).toMatchObject({
      allowPrivateStreamHosts: false,
      databaseUrl: undefined,
      trtcEndpoint: undefined,
      trtcTimeoutMs: 8000,
      advanceTickMs: 10_000,
      expiryTickMs: 60_000,
      stopUnclaimed: false,
      retentionDays: 90,
    });
    expect(config.accounts.size).toBe(0);
  });

  test("puts an application on the international site, in Singapore, with the site's account", () => {
    expect(read().applications.get(INTL_APP)).toEqual({
      SdkAppId: INTL_APP,
      SecretKey: "application-secret-key",
      Site: "intl",
      Region: "ap-singapore",
      Account: "intl",
      AdvancedPermission: false,
    });
  });

  test("turns callbacks and the end of empty rooms off", () => {
    const settings = { CallbackKeys: ["abcDEF123", "next"], StopWhenEmptySeconds: 30 };
    expect(withApplication(settings).applications.get(INTL_APP)).toMatchObject(settings);
    const off = { StopWhenEmptySeconds: 0 };
    expect(withApplication(off).applications.get(INTL_APP)).toMatchObject(off);
    expect(read({ STOP_UNCLAIMED: "on" }).stopUnclaimed).toBe(true);
    expect(read({ RETENTION_DAYS: "0" }).retentionDays).toBe(0);
    expect(read({ RETENTION_DAYS: "30" }).retentionDays).toBe(30);
  });

  test("gives a Chinese application the Chinese account", () => {
    const config = withApplication({ Site: "cn", Region: "ap-guangzhou" });
    expect(config.applications.get(INTL_APP)).toMatchObject({ Account: "cn" });
  });

  test("limits a caller's ingests to seven days, in any room, from any host", () => {
    expect(read().callers.get("backend")).toMatchObject({
      maxDurationMinutes: 10_080,
      roomRule: undefined,
    });
    expect(read().callers.get("backend")).not.toHaveProperty("StreamHosts");
  });

  test("allows a caller ingests of 366 days where its entry says so", () => {
    const { callers } = withCaller({ MaxDuration: 527_040 });
    expect(callers.get("backend")?.maxDurationMinutes).toBe(527_040);
  });

  test("may also be an empty variable", () => {
    const unset = { TRTC_ACCOUNTS: "", DATABASE_URL: "", TRTC_ENDPOINT: "" };
    const empty = { ALLOW_PRIVATE_STREAM_HOSTS: "", TRTC_TIMEOUT_SECONDS: "" };
    expect(read({ ...unset, ...empty, EXPIRY_TICK_SECONDS: "" })).toEqual(read());
  });
});

describe("prices", () => {
  const prices = (...entries: object[]) => read({ PRICES: JSON.stringify(entries) }).prices;
  const LIST = {
    Of: "2026-08-21",
    Audio: 2980,
    HD: 6980,
    FullHD: 14_980,
    "2K": 26_980,
    "4K": 70_980,
  };

  test("are TRTC's list prices, with the robot's stay, in micro-USD for a minute", () => {
    expect(read().prices).toEqual({ intl: LIST, cn: LIST });
  });

  test("of an entry without a site hold for both sites", () => {
    const own = { ...LIST, Of: "2026-11-01", HD: 1990 };
    expect(prices({ Of: "2026-11-01", HD: 1 })).toEqual({ intl: own, cn: own });
  });

  test("of a site go before those of both", () => {
    const { intl, cn } = prices(
      { Of: "2026-11-01", RoomStay: 0, FullHD: 12.345 },
      { Of: "2026-11-02", Site: "cn", FullHD: 0.001, RoomStay: 10_000 },
    );
    expect(intl).toMatchObject({ Of: "2026-11-01", FullHD: 12_345, Audio: 1990 });
    expect(cn).toMatchObject({ Of: "2026-11-02", FullHD: 10_000_001 });
  });

  test("of a site leave the other site its list prices", () => {
    expect(prices({ Of: "2026-11-01", Site: "cn", HD: 2 }).intl).toEqual(LIST);
  });
});

describe("a setting that is given", () => {
  test("is read", () => {
    const config = read({
      TRTC_ACCOUNTS: JSON.stringify([{ ...account, Token: "token" }]),
      ALLOW_PRIVATE_STREAM_HOSTS: "on",
      DATABASE_URL: "postgres://me:secret@db.internal:5432/ingest",
      TRTC_ENDPOINT: "http://127.0.0.1:3001",
      TRTC_TIMEOUT_SECONDS: "2.5",
      ADVANCE_TICK_SECONDS: "7",
      EXPIRY_TICK_SECONDS: "5",
    });
    expect(config).toMatchObject({
      allowPrivateStreamHosts: true,
      databaseUrl: "postgres://me:secret@db.internal:5432/ingest",
      trtcEndpoint: "http://127.0.0.1:3001",
      trtcTimeoutMs: 2500,
      advanceTickMs: 7000,
      expiryTickMs: 5000,
    });
    expect(config.accounts.get("intl")).toEqual({ ...account, Token: "token" });
  });

  test.each([
    ["on", true],
    ["1", true],
    ["true", true],
    ["off", false],
    ["0", false],
    ["false", false],
  ])("ALLOW_PRIVATE_STREAM_HOSTS=%s", (text, allowed) => {
    const config = read({ ALLOW_PRIVATE_STREAM_HOSTS: text });
    expect(config.allowPrivateStreamHosts).toBe(allowed);
  });

  test("finds a caller by any of its keys during a rotation", () => {
    const keys = ["the-key-of-last-year", "the-key-of-this-year"];
    const { callers, callersByKeyDigest } = withCaller({ SecretKeys: keys });
    for (const key of keys) {
      expect(callersByKeyDigest.get(keyDigest(key))).toBe(callers.get("backend"));
    }
    expect(callersByKeyDigest.get(keyDigest("the-key-of-next-year"))).toBeUndefined();
  });

  test("never keeps a caller's key in the lookup table", () => {
    const [digest = ""] = [...read().callersByKeyDigest.keys()];
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("matches a RoomPattern with the whole RoomId", () => {
    const rule = withCaller({ RoomPattern: "live-\\d+|lobby" }).callers.get("backend")?.roomRule;
    for (const room of ["live-1", "live-8489", "lobby"]) expect(rule?.test(room)).toBe(true);
    const others = ["live-", "my-live-1", "live-1-b", "lobby2", "xlobby", "live-1\nlobby", "Lobby"];
    for (const room of others) expect(rule?.test(room)).toBe(false);
  });

  test.each(["CALLERS", "TRTC_APPS"])("takes %s from a file with a byte-order mark", (variable) => {
    const marked = read({ [variable]: `\ufeff${SET[variable] ?? ""}` });
    expect([marked.callers, marked.applications]).toEqual([read().callers, read().applications]);
  });
});
