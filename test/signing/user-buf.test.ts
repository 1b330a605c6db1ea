/** The userbuf of a PrivateMapKey, in envelopes that are sealed with the right key. */
import { describe, expect, test } from "@jest/globals";
import {
  ROBOT_PRIVILEGES,
  verifyPrivateMapKey,
} from "../../shared/signing/trtc/private-map-key.js";
import { sealEnvelope } from "../../shared/signing/trtc/tls-envelope.js";
import { readUserBuf, writeUserBuf } from "../../shared/signing/trtc/user-buf.js";

const holder = { sdkAppId: 1400000000, userId: "robot_1" };
const secretKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const room = { roomId: "8489", roomIdType: 1, privileges: ROBOT_PRIVILEGES } as const;
const ISSUED_AT_SECONDS = 1700000000;
const at = (seconds: number) => new Date((ISSUED_AT_SECONDS + seconds) * 1000);

const pass = { ...holder, ...room, expiresAtSeconds: ISSUED_AT_SECONDS + 300 };
const numericBuf = writeUserBuf(pass);
const stringBuf = writeUserBuf({ ...pass, roomIdType: 0 });

/** The envelope itself lasts for a day. */
function verdictOn(userBuf: Buffer, now = at(0)) {
  const claims = { ...holder, issuedAtSeconds: ISSUED_AT_SECONDS, lifetimeSeconds: 86_400 };
  const key = sealEnvelope({ ...claims, userBuf: userBuf.toString("base64") }, secretKey);
  return verifyPrivateMapKey(key, { ...holder, ...room, secretKey }, now);
}

describe("a userbuf is read back as it was written", () => {
  test("for a numeric room", () => {
    expect(readUserBuf(numericBuf)).toEqual(pass);
  });

  test("for a string room of the same name", () => {
    expect(readUserBuf(stringBuf)).toEqual({ ...pass, roomIdType: 0 });
  });
});

describe("reading a userbuf", () => {
  const malformed = { ok: false, reason: "malformed" };

  test("succeeds when it is unchanged", () => {
    expect(verdictOn(numericBuf).ok).toBe(true);
  });

  test("fails when it is cut off at any place", () => {
    for (const whole of [numericBuf, stringBuf]) {
      for (let length = 0; length < whole.length; length += 1) {
        expect(verdictOn(whole.subarray(0, length))).toEqual(malformed);
      }
    }
  });

  test("fails when bytes follow it", () => {
    expect(verdictOn(Buffer.concat([numericBuf, Buffer.of(0)]))).toEqual(malformed);
    expect(verdictOn(Buffer.concat([stringBuf, Buffer.of(0)]))).toEqual(malformed);
  });

  test("fails when its kind is unknown", () => {
    for (const whole of [numericBuf, stringBuf]) {
      expect(verdictOn(Buffer.concat([Buffer.of(2), whole.subarray(1)]))).toEqual(malformed);
    }
  });
});

describe("a userbuf beside its envelope", () => {
  test("is refused when it names another user", () => {
    const other = writeUserBuf({ ...pass, userId: "robot_2" });
    expect(verdictOn(other)).toEqual({ ok: false, reason: "foreign-user" });
  });

  test("is refused when it names another application", () => {
    const other = writeUserBuf({ ...pass, sdkAppId: 1400000001 });
    expect(verdictOn(other)).toEqual({ ok: false, reason: "foreign-app" });
  });

  test("ends the key's validity when it ends earlier", () => {
    expect(verdictOn(numericBuf, at(300))).toMatchObject({ ok: true, expiresAt: at(300) });
    expect(verdictOn(numericBuf, at(301))).toEqual({ ok: false, reason: "expired" });
  });

  test("does not extend the key's validity when it ends later", () => {
    const longer = writeUserBuf({ ...pass, expiresAtSeconds: ISSUED_AT_SECONDS + 100_000 });
    expect(verdictOn(longer)).toMatchObject({ ok: true, expiresAt: at(86_400) });
    expect(verdictOn(longer, at(86_401))).toEqual({ ok: false, reason: "expired" });
  });
});
