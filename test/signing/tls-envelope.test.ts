/** The envelope of UserSig and PrivateMapKey: what can be opened, and what is malformed. */
import { createHash, createHmac } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { openEnvelope, sealEnvelope } from "../../shared/signing/trtc/tls-envelope.js";

const SECRET_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const claims = {
  userId: "xiaojun",
  sdkAppId: 1400000000,
  issuedAtSeconds: 1700000000,
  lifetimeSeconds: 15552000,
};

const pack = (zipped: Buffer): string =>
  zipped.toString("base64").replace(/\+/g, "*").replace(/\//g, "-").replace(/=/g, "_");
const open = (text: string) => openEnvelope(text, SECRET_KEY);

/** The JSON of an envelope around any fields, sealed with the right key as Tencent's text says. */
function sealedJson(changes: Record<string, unknown> = {}): string {
  const fields: Record<string, unknown> = {
    "TLS.ver": "2.0",
    "TLS.identifier": "xiaojun",
    "TLS.sdkappid": 1400000000,
    "TLS.time": 1700000000,
    "TLS.expire": 15552000,
    ...changes,
  };
  const lines = ["identifier", "sdkappid", "time", "expire", "userbuf"]
    .map((name) => `TLS.${name}`)
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}:${String(fields[name])}\n`);
  const mac = createHmac("sha256", SECRET_KEY).update(lines.join("")).digest("base64");
  return JSON.stringify({ ...fields, "TLS.sig": mac });
}
const sealed = (changes?: Record<string, unknown>): string =>
  pack(deflateSync(sealedJson(changes)));

describe("an envelope is opened", () => {
  test("when our code sealed it", () => {
    expect(open(sealEnvelope(claims, SECRET_KEY))).toEqual({ ok: true, claims });
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])("when it was packed at zlib level %i", (level) => {
    expect(open(pack(deflateSync(sealedJson(), { level })))).toEqual({ ok: true, claims });
  });

  test("when it has the order and line break of Tencent's Go library", () => {
    const json =
      '{"TLS.ver":"2.0","TLS.identifier":"xiaojun","TLS.sdkappid":1400000000,' +
      '"TLS.expire":15552000,"TLS.time":1700000000,' +
      '"TLS.sig":"LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4="}\n';
    expect(open(pack(deflateSync(json, { level: 0 })))).toEqual({ ok: true, claims });
  });

  test("when it holds a userbuf", () => {
    const withUserBuf = { ...claims, userBuf: "AAEC" };
    expect(open(sealed({ "TLS.userbuf": "AAEC" }))).toEqual({ ok: true, claims: withUserBuf });
  });

  test("when it holds unknown fields, which are ignored", () => {
    expect(open(sealed({ "TLS.more": 1 }))).toEqual({ ok: true, claims });
  });
});

describe("an envelope is refused as malformed", () => {
  const malformed = { ok: false, reason: "malformed" };
  const good = sealed();

  test.each([
    ["nothing", ""],
    ["a word", "hello"],
    ["letters outside ASCII", "签名签名"],
    ["standard base64", deflateSync(sealedJson()).toString("base64")],
    ["a space behind", `${good} `],
    ["bytes behind the stream", pack(Buffer.concat([deflateSync(sealedJson()), Buffer.of(0)]))],
    ["JSON that is not zipped", pack(Buffer.from(sealedJson()))],
    ["zipped text that is no JSON", pack(deflateSync("TLS.ver"))],
    ["a zipped null", pack(deflateSync("null"))],
    ["a zipped list", pack(deflateSync("[]"))],
    ["bytes that are no UTF-8", pack(deflateSync(Buffer.of(0x22, 0xff, 0x22)))],
    ["no signature", pack(deflateSync(sealedJson().replace("TLS.sig", "TLS.sign")))],
    ["another version", sealed({ "TLS.ver": "1.0" })],
    ["numbers as text", sealed({ "TLS.time": "1700000000" })],
    ["an application as text", sealed({ "TLS.sdkappid": "1400000000" })],
    ["half a second", sealed({ "TLS.expire": 0.5 })],
    ["a lifetime below nothing", sealed({ "TLS.expire": -1 })],
    ["a lifetime beyond all dates", sealed({ "TLS.expire": 1e15 })],
    ["a userbuf that is no base64", sealed({ "TLS.userbuf": "a\nb" })],
    ["a userbuf that is no text", sealed({ "TLS.userbuf": 7 })],
    ["no user", sealed({ "TLS.identifier": "" })],
    ["a line break in the user's id", sealed({ "TLS.identifier": "a\nb" })],
    ["half a surrogate pair in the user's id", sealed({ "TLS.identifier": "a\ud800" })],
  ])("%s", (_, text) => {
    expect(open(text)).toEqual(malformed);
  });

  test("when its base64 has no padding", () => {
    const stored = pack(deflateSync(sealedJson(), { level: 0 }));
    expect(stored).toMatch(/_$/);
    expect(open(stored).ok).toBe(true);
    expect(open(stored.replaceAll("_", ""))).toEqual(malformed);
  });

  test("when it is cut off at any place", () => {
    for (let length = 0; length < good.length; length += 1) {
      expect(open(good.slice(0, length))).toEqual(malformed);
    }
  });

  test("when the user's bytes are not UTF-8, although their decoded form is signed", () => {
    const json = Buffer.from(sealedJson({ "TLS.identifier": "a\ufffd" })).toString("latin1");
    const broken = Buffer.from(json.replace("\xef\xbf\xbd", "\xff"), "latin1");
    expect(open(pack(deflateSync(broken)))).toEqual(malformed);
  });

  test("when it is longer than any valid ids make it, although it is signed", () => {
    const noise = Array.from({ length: 110 }, (_, n) =>
      createHash("sha256").update(String(n)).digest("hex"),
    );
    expect(open(sealed({ "TLS.more": noise.slice(0, 80).join("") })).ok).toBe(true);
    expect(open(sealed({ "TLS.more": noise.join("") }))).toEqual(malformed);
  });

  test("when it has ten million characters", () => {
    expect(open("x".repeat(10_000_000))).toEqual(malformed);
  });

  test("when it is a zip bomb, even with valid claims", () => {
    const bomb = pack(deflateSync(" ".repeat(2_000_000) + sealedJson(), { level: 9 }));
    expect(bomb.length).toBeLessThan(4096);
    expect(open(bomb)).toEqual(malformed);
  });
});
