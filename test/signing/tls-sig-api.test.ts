/** UserSig and PrivateMapKey against Tencent's own signer, npm tls-sig-api-v2, on random input. */
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import fc from "../support/properties.js";
import {
  signPrivateMapKey,
  verifyPrivateMapKey,
} from "../../shared/signing/trtc/private-map-key.js";
import { signUserSig, verifyUserSig } from "../../shared/signing/trtc/user-sig.js";

/** The package has no types of its own. */
interface TlsSigApi {
  Api: new (
    sdkAppId: number,
    secretKey: string,
  ) => {
    genUserSig(userId: string, expire: number): string;
    genPrivateMapKey(userId: string, expire: number, roomId: number, privileges: number): string;
    genPrivateMapKeyWithStringRoomID(
      userId: string,
      expire: number,
      roomId: string,
      privileges: number,
    ): string;
  };
}
/** By its file: the package.json has two `main`, and jest follows the one that does not exist. */
const { Api } = jest.requireActual<TlsSigApi>("tls-sig-api-v2/TLSSigAPIv2.js");

beforeAll(() => {
  // The package reads the system clock, so Date is fixed at an instant for each case.
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "setTimeout"] });
});
afterAll(() => {
  jest.useRealTimers();
});

const ids = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
const idOf = (signs: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from(signs)), minLength: 1, maxLength });

const request = fc.record({
  sdkAppId: fc.integer({ min: 1, max: 0xffff_ffff }),
  secretKey: fc.string({ minLength: 1 }),
  userId: idOf(ids, 32),
  lifetimeSeconds: fc.integer({ min: 1, max: 10 * 365 * 86_400 }),
});
/** Any millisecond between 2017 and 2033. */
const instant = fc.date({
  min: new Date(1.5e12),
  max: new Date(2e12),
  noInvalidDate: true,
});
const privileges = fc.integer({ min: 0, max: 255 });
const numericRoom = fc.integer({ min: 1, max: 0xffff_ffff });
const stringRoom = idOf(`${ids} !#$%&()+:;<=.>?@[]^{}|~,`, 64);

function jsonOf(envelope: string): string {
  const standard = envelope.replace(/\*/g, "+").replace(/-/g, "/").replace(/_/g, "=");
  return inflateSync(Buffer.from(standard, "base64")).toString();
}
type TimedPermission = Parameters<typeof signPrivateMapKey>[0];

/** Our signer writes what Tencent's wrote, and we verify Tencent's. */
function expectSameKey(permission: TimedPermission, theirs: string, now: Date): void {
  expect(jsonOf(signPrivateMapKey(permission, now))).toBe(jsonOf(theirs));
  expect(verifyPrivateMapKey(theirs, permission, now)).toEqual({
    ok: true,
    issuedAt: after(now, 0),
    expiresAt: after(now, permission.lifetimeSeconds),
    privileges: permission.privileges,
  });
}
const after = (at: Date, seconds: number): Date =>
  new Date((Math.floor(at.getTime() / 1000) + seconds) * 1000);

describe("Tencent's signer and ours", () => {
  test("write the same UserSig, and we verify theirs", () => {
    fc.assert(
      fc.property(request, instant, (asked, now) => {
        jest.setSystemTime(now);
        const { sdkAppId, secretKey, userId, lifetimeSeconds } = asked;
        const theirs = new Api(sdkAppId, secretKey).genUserSig(userId, lifetimeSeconds);
        expect(jsonOf(signUserSig(asked, now))).toBe(jsonOf(theirs));
        expect(verifyUserSig(theirs, asked, now)).toEqual({
          ok: true,
          issuedAt: after(now, 0),
          expiresAt: after(now, lifetimeSeconds),
        });
      }),
    );
  });

  test("write the same UserSig for a user of any letters", () => {
    const letters = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 32 })
      .filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(request, letters, instant, (asked, userId, now) => {
        jest.setSystemTime(now);
        const { sdkAppId, secretKey, lifetimeSeconds } = asked;
        const theirs = new Api(sdkAppId, secretKey).genUserSig(userId, lifetimeSeconds);
        expect(jsonOf(signUserSig({ ...asked, userId }, now))).toBe(jsonOf(theirs));
        expect(verifyUserSig(theirs, { ...asked, userId }, now).ok).toBe(true);
      }),
    );
  });

  test("write the same PrivateMapKey for a numeric room, and we verify theirs", () => {
    fc.assert(
      fc.property(request, numericRoom, privileges, instant, (asked, room, bits, now) => {
        jest.setSystemTime(now);
        const { sdkAppId, secretKey, userId, lifetimeSeconds } = asked;
        const api = new Api(sdkAppId, secretKey);
        const theirs = api.genPrivateMapKey(userId, lifetimeSeconds, room, bits);
        const permission = {
          ...asked,
          roomId: String(room),
          roomIdType: 1,
          privileges: bits,
        } as const;
        expectSameKey(permission, theirs, now);
      }),
    );
  });

  test("write the same PrivateMapKey for a string room, and we verify theirs", () => {
    fc.assert(
      fc.property(request, stringRoom, privileges, instant, (asked, roomId, bits, now) => {
        jest.setSystemTime(now);
        const { sdkAppId, secretKey, userId, lifetimeSeconds } = asked;
        const api = new Api(sdkAppId, secretKey);
        const theirs = api.genPrivateMapKeyWithStringRoomID(userId, lifetimeSeconds, roomId, bits);
        const permission = { ...asked, roomId, roomIdType: 0, privileges: bits } as const;
        expectSameKey(permission, theirs, now);
      }),
    );
  });

  test("give different results when the keys differ", () => {
    fc.assert(
      fc.property(request, fc.string({ minLength: 1 }), instant, (asked, otherKey, now) => {
        fc.pre(asked.secretKey !== otherKey);
        jest.setSystemTime(now);
        const { sdkAppId, userId, lifetimeSeconds } = asked;
        const theirs = new Api(sdkAppId, otherKey).genUserSig(userId, lifetimeSeconds);
        expect(verifyUserSig(theirs, asked, now)).toEqual({ ok: false, reason: "forged" });
      }),
    );
  });
});
