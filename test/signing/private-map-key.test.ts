/** PrivateMapKey: published values, who may enter which room, and everything that is refused. */
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import {
  Privilege,
  ROBOT_PRIVILEGES,
  signPrivateMapKey,
  verifyPrivateMapKey,
} from "../../shared/signing/trtc/private-map-key.js";
import { signUserSig } from "../../shared/signing/trtc/user-sig.js";

const ALL_PRIVILEGES = 255;

/** The inputs of Tencent's samples; the clock stands at 1700000000. */
const holder = {
  sdkAppId: 1400000000,
  secretKey: "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
  userId: "robot_1",
};
const ISSUED_AT_SECONDS = 1700000000;
const now = new Date(ISSUED_AT_SECONDS * 1000);
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

function fieldsOf(privateMapKey: string): { "TLS.sig": string; "TLS.userbuf": string } {
  const standard = privateMapKey.replace(/\*/g, "+").replace(/-/g, "/").replace(/_/g, "=");
  const json = inflateSync(Buffer.from(standard, "base64")).toString();
  return JSON.parse(json) as { "TLS.sig": string; "TLS.userbuf": string };
}

describe("a PrivateMapKey of ours has the bytes of Tencent's own", () => {
  const month6 = 15552000;
  test.each([
    {
      grant: { userId: "xiaojun", roomId: "10000", roomIdType: 1, privileges: 255 },
      lifetimeSeconds: month6,
      mac: "y9Avb5xwHgIgoABbGakLaE0xs+v/dLcIPegbWfcbRLI=",
      userBuf: "0000077869616f6a756e53724e000000271066413f00000000ff00000000",
    },
    {
      grant: { userId: "xiaojun", roomId: "1000000040", roomIdType: 0, privileges: 255 },
      lifetimeSeconds: month6,
      mac: "uupaOmIqiVUsVoCDvmakmGU86GEQBV0Ie6Q+9GFbowM=",
      userBuf:
        "0100077869616f6a756e53724e000000000066413f00000000ff00000000000a31303030303030303430",
    },
    {
      grant: { userId: "robot_1", roomId: "room123", roomIdType: 0, privileges: 42 },
      lifetimeSeconds: 3600,
      mac: "fDNZdHnXzwbXt3N8xggX7Nik0CCje5ZnCFekK0C/OC8=",
      userBuf: "010007726f626f745f3153724e00000000006553ff100000002a000000000007726f6f6d313233",
    },
    {
      grant: { userId: "u", roomId: "4294967295", roomIdType: 1, privileges: 255 },
      lifetimeSeconds: 60,
      mac: "+aDx3rWhzTtVFfpbHJ/31WROCN0iCtnMXgeg1IbiKac=",
      userBuf: "0000017553724e00ffffffff6553f13c000000ff00000000",
    },
  ] as const)("for room $grant.roomId", ({ grant, lifetimeSeconds, mac, userBuf }) => {
    const key = signPrivateMapKey({ ...holder, ...grant, lifetimeSeconds }, now);
    const fields = fieldsOf(key);
    expect(Buffer.from(fields["TLS.userbuf"], "base64").toString("hex")).toBe(userBuf);
    expect(fields["TLS.sig"]).toBe(mac);
    expect(verifyPrivateMapKey(key, { ...holder, ...grant }, now)).toEqual({
      ok: true,
      issuedAt: now,
      expiresAt: later(lifetimeSeconds),
      privileges: grant.privileges,
    });
  });
});

describe("privileges", () => {
  test("of a robot are to create, enter and send, and nothing more", () => {
    expect(ROBOT_PRIVILEGES).toBe(23);
    expect(Object.values(Privilege).reduce<number>((sum, bit) => sum + bit, 0)).toBe(
      ALL_PRIVILEGES,
    );
  });

  test.each([
    ["all that are asked for", ROBOT_PRIVILEGES, ROBOT_PRIVILEGES, true],
    ["more than are asked for", ALL_PRIVILEGES, ROBOT_PRIVILEGES, true],
    ["none when none is asked for", 0, 0, true],
    ["one too few", ROBOT_PRIVILEGES & ~Privilege.sendVideo, ROBOT_PRIVILEGES, false],
    ["others", Privilege.receiveAudio, Privilege.sendAudio, false],
    ["the top bit only", 0x8000_0000, Privilege.createRoom, false],
    ["all but the top bit", 0x7fff_ffff, 0x8000_0000, false],
  ])("%s", (_, granted, demanded, ok) => {
    const room = { roomId: "room123", roomIdType: 0 } as const;
    const key = signPrivateMapKey(
      { ...holder, ...room, privileges: granted, lifetimeSeconds: 60 },
      now,
    );
    const verdict = verifyPrivateMapKey(key, { ...holder, ...room, privileges: demanded }, now);
    expect(verdict.ok ? "ok" : verdict.reason).toBe(ok ? "ok" : "lacks-privilege");
  });
});

const room = { roomId: "8489", roomIdType: 1, privileges: ROBOT_PRIVILEGES } as const;
const lifetimeSeconds = 300;
const key = signPrivateMapKey({ ...holder, ...room, lifetimeSeconds }, now);

describe("a PrivateMapKey", () => {
  const expected = { ...holder, ...room };

  test("is accepted when it is unchanged", () => {
    expect(verifyPrivateMapKey(key, expected, now).ok).toBe(true);
  });

  test.each([
    ["another room", { roomId: "8490" }, "foreign-room"],
    ["the string room of the same name", { roomIdType: 0 as const }, "foreign-room"],
    ["a room that is no number", { roomId: "room" }, "foreign-room"],
    ["the same number written otherwise", { roomId: "08489" }, "foreign-room"],
    ["another user", { userId: "robot_2" }, "foreign-user"],
    ["another application", { sdkAppId: 1400000001 }, "foreign-app"],
    ["another key", { secretKey: "another" }, "forged"],
    ["an empty key", { secretKey: "" }, "forged"],
  ])("is refused for %s", (_, change, reason) => {
    const verdict = verifyPrivateMapKey(key, { ...expected, ...change }, now);
    expect(verdict).toEqual({ ok: false, reason });
  });

  test("is refused for the numeric room when it was signed for the string room of that name", () => {
    const stringKey = signPrivateMapKey(
      { ...holder, ...room, roomIdType: 0, lifetimeSeconds },
      now,
    );
    expect(verifyPrivateMapKey(stringKey, expected, now)).toEqual({
      ok: false,
      reason: "foreign-room",
    });
  });

  test("is refused one second after its end", () => {
    expect(verifyPrivateMapKey(key, expected, later(lifetimeSeconds)).ok).toBe(true);
    expect(verifyPrivateMapKey(key, expected, later(lifetimeSeconds + 1))).toEqual({
      ok: false,
      reason: "expired",
    });
  });

  test("is refused when it is a UserSig", () => {
    const userSig = signUserSig({ ...holder, lifetimeSeconds }, now);
    expect(verifyPrivateMapKey(userSig, expected, now)).toEqual({
      ok: false,
      reason: "lacks-user-buf",
    });
  });

  test("is refused when it is cut off at any place", () => {
    for (let length = 0; length < key.length; length += 1) {
      expect(verifyPrivateMapKey(key.slice(0, length), expected, now)).toEqual({
        ok: false,
        reason: "malformed",
      });
    }
  });
});

describe("signing refuses", () => {
  test.each([
    ["a room without a name", { roomId: "", roomIdType: 0 as const }],
    ["a room whose name is endless", { roomId: "r".repeat(70_000), roomIdType: 0 as const }],
    ["a numeric room without a number", { roomId: "room" }],
    ["room zero", { roomId: "0" }],
    ["a room below zero", { roomId: "-1" }],
    ["a number with a leading zero", { roomId: "08489" }],
    ["a number above 32 bits", { roomId: "4294967296" }],
    ["an end after the year 2106", { lifetimeSeconds: 2 ** 32 }],
    ["privileges below nothing", { privileges: -1 }],
    ["half a privilege", { privileges: 0.5 }],
    ["an empty key", { secretKey: "" }],
  ])("%s is refused at once", (_, wrong) => {
    const request = { ...holder, ...room, lifetimeSeconds, ...wrong };
    expect(() => signPrivateMapKey(request, now)).toThrow(RangeError);
  });
});

test("a user and a room outside ASCII are measured in bytes and read back", () => {
  const chinese = { ...holder, userId: "小明", roomId: "房间-1", roomIdType: 0 } as const;
  const permission = { ...chinese, privileges: ROBOT_PRIVILEGES };
  const chineseKey = signPrivateMapKey({ ...permission, lifetimeSeconds }, now);
  expect(verifyPrivateMapKey(chineseKey, permission, now).ok).toBe(true);
});
