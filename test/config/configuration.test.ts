/** An operator's settings and their meaning. */
import { describe, expect, test } from "@jest/globals";
import { keyDigest } from "../../shared/config/configuration.js";
import {
  account,
  INTL_APP,
  read,
  withApplication,
  withCaller,
} from "../support/contract/settings.js";

describe("what may be left out", () => {
  test("has its usual value", () => {
    const config = read();
    expect(config).toMatchObject({
      allowPrivateStreamHosts: false,
      databaseUrl: undefined,
      trtcEndpoint: undefined,
      trtcTimeoutMs: 8000,
      expiryTickMs: 60_000,
      stopUnclaimed: false,
    });
    expect(config.accounts.size).toBe(0);
  });

  test("an application is on the international site, in Singapore, with the site's account", () => {
    expect(read().applications.get(INTL_APP)).toEqual({
      SdkAppId: INTL_APP,
      SecretKey: "application-secret-key",
      Site: "intl",
      Region: "ap-singapore",
      Account: "intl",
      AdvancedPermission: false,
    });
  });

  test("callbacks and the end of empty rooms are off by default", () => {
    const told = { CallbackKeys: ["abcDEF123", "next"], StopWhenEmptySeconds: 30 };
    expect(withApplication(told).applications.get(INTL_APP)).toMatchObject(told);
    const off = { StopWhenEmptySeconds: 0 };
    expect(withApplication(off).applications.get(INTL_APP)).toMatchObject(off);
    expect(read({ STOP_UNCLAIMED: "on" }).stopUnclaimed).toBe(true);
  });

  test("a Chinese application has the Chinese account", () => {
    const config = withApplication({ Site: "cn", Region: "ap-guangzhou" });
    expect(config.applications.get(INTL_APP)).toMatchObject({ Account: "cn" });
  });

  test("a caller's ingests last seven days at most, in any room, from any host", () => {
    expect(read().callers.get("backend")).toMatchObject({
      maxDurationMinutes: 10_080,
      roomRule: undefined,
    });
    expect(read().callers.get("backend")).not.toHaveProperty("StreamHosts");
  });

  test("an empty variable is one that is not set", () => {
    const unset = { TRTC_ACCOUNTS: "", DATABASE_URL: "", TRTC_ENDPOINT: "" };
    const empty = { ALLOW_PRIVATE_STREAM_HOSTS: "", TRTC_TIMEOUT_SECONDS: "" };
    expect(read({ ...unset, ...empty, EXPIRY_TICK_SECONDS: "" })).toEqual(read());
  });
});

describe("what is set", () => {
  test("is read", () => {
    const config = read({
      TRTC_ACCOUNTS: JSON.stringify([{ ...account, Token: "token" }]),
      ALLOW_PRIVATE_STREAM_HOSTS: "on",
      DATABASE_URL: "postgres://me:secret@db.internal:5432/ingest",
      TRTC_ENDPOINT: "http://127.0.0.1:3001",
      TRTC_TIMEOUT_SECONDS: "2.5",
      EXPIRY_TICK_SECONDS: "5",
    });
    expect(config).toMatchObject({
      allowPrivateStreamHosts: true,
      databaseUrl: "postgres://me:secret@db.internal:5432/ingest",
      trtcEndpoint: "http://127.0.0.1:3001",
      trtcTimeoutMs: 2500,
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

  test("a caller is found by any of its keys while one is being rotated", () => {
    const keys = ["the-key-of-last-year", "the-key-of-this-year"];
    const { callers, callersByKeyDigest } = withCaller({ SecretKeys: keys });
    for (const key of keys) {
      expect(callersByKeyDigest.get(keyDigest(key))).toBe(callers.get("backend"));
    }
    expect(callersByKeyDigest.get(keyDigest("the-key-of-next-year"))).toBeUndefined();
  });

  test("a key is not kept where callers are looked up by it", () => {
    const [digest = ""] = [...read().callersByKeyDigest.keys()];
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a RoomPattern has to fit the whole RoomId", () => {
    const rule = withCaller({ RoomPattern: "live-\\d+|lobby" }).callers.get("backend")?.roomRule;
    for (const room of ["live-1", "live-8489", "lobby"]) expect(rule?.test(room)).toBe(true);
    const others = ["live-", "my-live-1", "live-1-b", "lobby2", "xlobby", "live-1\nlobby", "Lobby"];
    for (const room of others) expect(rule?.test(room)).toBe(false);
  });
});
