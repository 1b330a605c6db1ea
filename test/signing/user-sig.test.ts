/** UserSig: published values, what is accepted, and everything that is refused. */
import { createHmac } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { signPrivateMapKey } from "../../shared/signing/trtc/private-map-key.js";
import { signUserSig, verifyUserSig } from "../../shared/signing/trtc/user-sig.js";

/** The inputs of Tencent's samples; the clock stands at 1700000000. */
const holder = {
  sdkAppId: 1400000000,
  secretKey: "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
  userId: "xiaojun",
};
const lifetimeSeconds = 15552000;
const now = new Date(1700000000 * 1000);
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

/** The result of tls-sig-api-v2 1.0.2 for these inputs, and its content. */
const OFFICIAL_USER_SIG =
  "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwhWZiflZpXlQqeKU7MSCgswUJStDEwMogMiUZOamKlkZmqOKplYUZBaBxE1NTY3gosWZ6UpWSj5ljuYp*p7l5unBxXnF2WVhVU4uAf7Ozi5JpX7O5SbuHuUhzgZJmQXaTia2SrUAohcx8g__";
const OFFICIAL_JSON =
  '{"TLS.ver":"2.0","TLS.identifier":"xiaojun","TLS.sdkappid":1400000000,"TLS.time":1700000000,"TLS.expire":15552000,"TLS.sig":"LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4="}';

const unpack = (userSig: string): Buffer =>
  Buffer.from(userSig.replaceAll("*", "+").replaceAll("-", "/").replaceAll("_", "="), "base64");
const pack = (zipped: Buffer): string =>
  zipped.toString("base64").replaceAll("+", "*").replaceAll("/", "-").replaceAll("=", "_");
const jsonOf = (userSig: string): string => inflateSync(unpack(userSig)).toString();

/** All copies of the bytes with one bit turned over. */
const withOneBitFlipped = (bytes: Buffer): Buffer[] =>
  Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return copy;
  });

describe("a UserSig of ours", () => {
  test("carries the same text and MAC as Tencent's own", () => {
    const userSig = signUserSig({ ...holder, lifetimeSeconds }, now);
    expect(jsonOf(OFFICIAL_USER_SIG)).toBe(OFFICIAL_JSON);
    expect(jsonOf(userSig)).toBe(OFFICIAL_JSON);
  });

  test("is one stored zlib block, as Tencent's Go library writes them", () => {
    const bytes = unpack(signUserSig({ ...holder, lifetimeSeconds }, now));
    expect(bytes.subarray(0, 3).toString("hex")).toBe("780101");
    expect(bytes.subarray(7, -4).toString()).toBe(OFFICIAL_JSON);
  });

  test("stays below 300 characters for the longest id that TRTC allows", () => {
    const userSig = signUserSig({ ...holder, userId: "u".repeat(32), lifetimeSeconds }, now);
    expect(userSig.length).toBeLessThan(300);
  });

  test("may be for a user whose id is not ASCII", () => {
    const chinese = { ...holder, userId: "小明-😀" };
    const userSig = signUserSig({ ...chinese, lifetimeSeconds }, now);
    expect(verifyUserSig(userSig, chinese, now).ok).toBe(true);
  });
});

describe("signing refuses", () => {
  test.each([
    ["an empty key", { secretKey: "" }],
    ["an empty user", { userId: "" }],
    ["a line break in the user's id", { userId: "a\nTLS.sdkappid:1" }],
    ["half a surrogate pair in the user's id", { userId: "a\ud800" }],
    ["an id that no verifier would read", { userId: "u".repeat(5000) }],
    ["an id that fits no zlib block", { userId: "u".repeat(70_000) }],
    ["an SdkAppId of zero", { sdkAppId: 0 }],
    ["an SdkAppId above 32 bits", { sdkAppId: 2 ** 32 }],
    ["no lifetime", { lifetimeSeconds: 0 }],
    ["a lifetime of half a second", { lifetimeSeconds: 0.5 }],
  ])("%s is refused at once", (_, wrong) => {
    expect(() => signUserSig({ ...holder, lifetimeSeconds, ...wrong }, now)).toThrow(RangeError);
  });

  test("an invalid instant", () => {
    const never = new Date(Number.NaN);
    expect(() => signUserSig({ ...holder, lifetimeSeconds }, never)).toThrow(RangeError);
  });
});

describe("a valid UserSig", () => {
  test("gives the times of its issue and its end", () => {
    expect(verifyUserSig(OFFICIAL_USER_SIG, holder, now)).toEqual({
      ok: true,
      issuedAt: now,
      expiresAt: later(lifetimeSeconds),
    });
  });

  test("is accepted until its last second, and not longer", () => {
    const last = later(lifetimeSeconds);
    expect(verifyUserSig(OFFICIAL_USER_SIG, holder, last).ok).toBe(true);
    expect(verifyUserSig(OFFICIAL_USER_SIG, holder, later(lifetimeSeconds + 1))).toEqual({
      ok: false,
      reason: "expired",
    });
  });

  test("is accepted although its signer's clock runs ahead, as Tencent accepts it", () => {
    expect(verifyUserSig(OFFICIAL_USER_SIG, holder, later(-3600)).ok).toBe(true);
  });
});

describe("a forged UserSig is refused", () => {
  test("when any single bit of its claims is flipped", () => {
    const verdicts = withOneBitFlipped(Buffer.from(OFFICIAL_JSON)).map((json) =>
      verifyUserSig(pack(deflateSync(json)), holder, now),
    );
    expect(verdicts.filter((verdict) => verdict.ok)).toEqual([]);
    const reasons = new Set(verdicts.map((verdict) => (verdict.ok ? "" : verdict.reason)));
    expect([...reasons].sort()).toEqual(["forged", "malformed"]);
  });

  test("or still has its claims, when any single bit of its text is flipped", () => {
    const good = verifyUserSig(OFFICIAL_USER_SIG, holder, now);
    const ofText = withOneBitFlipped(Buffer.from(OFFICIAL_USER_SIG)).map(String);
    const ofStream = withOneBitFlipped(unpack(OFFICIAL_USER_SIG)).map(pack);
    const verdicts = [...ofText, ...ofStream].map((text) => verifyUserSig(text, holder, now));
    const accepted = verdicts.filter((verdict) => verdict.ok);
    // An inflater ignores the few bits that fill the last byte before the checksum.
    expect(accepted.length).toBeLessThan(16);
    for (const verdict of accepted) expect(verdict).toEqual(good);
  });

  test("when it was signed with another key", () => {
    const userSig = signUserSig({ ...holder, secretKey: "another", lifetimeSeconds }, now);
    expect(verifyUserSig(userSig, holder, now)).toEqual({ ok: false, reason: "forged" });
  });

  test("when both the verifier's and the forger's key are empty", () => {
    const mac = createHmac("sha256", "")
      .update("TLS.identifier:xiaojun\nTLS.sdkappid:1400000000\nTLS.time:1700000000\n")
      .update("TLS.expire:15552000\n")
      .digest("base64");
    const json = OFFICIAL_JSON.replace(/[^"]{43}=/, mac);
    const verdict = verifyUserSig(pack(deflateSync(json)), { ...holder, secretKey: "" }, now);
    expect(verdict).toEqual({ ok: false, reason: "forged" });
  });

  test("as forged before its other mistakes are checked", () => {
    const json = OFFICIAL_JSON.replace("1400000000", "1400000001").replace("15552000", "1");
    expect(verifyUserSig(pack(deflateSync(json)), holder, later(10))).toEqual({
      ok: false,
      reason: "forged",
    });
  });
});

describe("a UserSig for another purpose is refused", () => {
  test("when it is for another application that has the same key", () => {
    const other = { ...holder, sdkAppId: 1400000001 };
    expect(verifyUserSig(OFFICIAL_USER_SIG, other, now)).toEqual({
      ok: false,
      reason: "foreign-app",
    });
  });

  test("when it is for another user", () => {
    const other = { ...holder, userId: "Xiaojun" };
    expect(verifyUserSig(OFFICIAL_USER_SIG, other, now)).toEqual({
      ok: false,
      reason: "foreign-user",
    });
  });

  test("when it is a PrivateMapKey", () => {
    const room = { roomId: "10000", roomIdType: 1, privileges: 255 } as const;
    const key = signPrivateMapKey({ ...holder, ...room, lifetimeSeconds }, now);
    expect(verifyUserSig(key, holder, now)).toEqual({ ok: false, reason: "carries-user-buf" });
  });
});
