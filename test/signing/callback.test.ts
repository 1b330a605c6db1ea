/** The signature of TRTC's callbacks, and the comparison that every verifier uses. */
import { describe, expect, test } from "@jest/globals";
import { signCallback, verifyCallback } from "../../shared/signing/trtc/callback.js";
import { equalInConstantTime } from "../../shared/signing/constant-time.js";

const exited = Buffer.from(
  '{\n\t"EventGroupId":\t2,\n\t"EventType":\t204,\n\t"CallbackTs":\t1664209748188,\n\t"EventInfo":\t{\n\t\t"RoomId":\t8489,\n\t\t"EventTs":\t1664209748,\n\t\t"EventMsTs":\t1664209748180,\n\t\t"UserId":\t"user_85034614",\n\t\t"Reason":\t0\n\t}\n}',
);
const created = Buffer.from(
  '{\n\t"EventGroupId":\t1,\n\t"EventType":\t101,\n\t"CallbackTs":\t1608086882372,\n\t"EventInfo":\t{\n\t\t"RoomId":\t20222,\n\t\t"EventTs":\t1608086882,\n\t\t"UserId":\t"222222_phone"\n\t}\n}',
);
const started = Buffer.from(
  '{"EventGroupId":7,"EventType":701,"CallbackMsTs":1701937900012,"EventInfo":{"EventMsTs":1701937900013,"TaskId":"xx","Status":0}}',
);
const sign = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA=";

describe("a callback is signed as TRTC signs it", () => {
  test("with the published body, byte for byte", () => {
    expect(exited.length).toBe(207);
  });

  test.each([
    ["of the published example", "123654", exited, sign],
    ["of a created room", "789", created, "t2Yq1R4wilV/RIMRyygkgdhxWO8dgTdXXrfNVtz7V3k="],
    ["of a started ingest", "123654", started, "Y2v6Is94qZztTzuALzMnYS2+mYbuhafkVBWxIBtyOeA="],
  ])("%s", (_, key, body, expected) => {
    expect(signCallback(key, body)).toBe(expected);
    expect(verifyCallback([key], body, expected)).toBe(true);
  });
});

describe("a forged callback is refused", () => {
  test("when any single bit of its body is flipped", () => {
    for (let bit = 0; bit < exited.length * 8; bit += 1) {
      const body = Buffer.from(exited);
      body.writeUInt8(body.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(verifyCallback(["123654"], body, sign)).toBe(false);
    }
  });

  test("when its JSON has the same content in other bytes", () => {
    const compact = Buffer.from(JSON.stringify(JSON.parse(exited.toString())));
    expect(verifyCallback(["123654"], compact, sign)).toBe(false);
  });

  test.each([
    ["no signature", undefined],
    ["an empty signature", ""],
    ["a signature cut off", sign.slice(0, -1)],
    ["something behind its signature", `${sign} `],
    ["the signature of another body", signCallback("123654", created)],
    ["letters outside ASCII", "签名"],
    ["ten million characters", "x".repeat(10_000_000)],
  ])("with %s", (_, wrong) => {
    expect(verifyCallback(["123654"], exited, wrong)).toBe(false);
  });

  test("when it was signed with another key", () => {
    expect(verifyCallback(["123655"], exited, sign)).toBe(false);
  });

  test("unless it was signed with one of several keys, at any position", () => {
    expect(verifyCallback(["123654", "789"], exited, sign)).toBe(true);
    expect(verifyCallback(["789", "123654"], exited, sign)).toBe(true);
    expect(verifyCallback(["789", "987", "123655"], exited, sign)).toBe(false);
    expect(verifyCallback([], exited, sign)).toBe(false);
  });

  test("when the key is empty, with which anyone could sign", () => {
    expect(verifyCallback([""], exited, signCallback("", exited))).toBe(false);
    expect(verifyCallback(["123654", ""], exited, signCallback("", exited))).toBe(false);
  });
});

describe("the comparison in constant time", () => {
  test.each([
    ["the same text", "abc", "abc", true],
    ["a text and its bytes", "签", Buffer.from("签"), true],
    ["nothing and nothing", "", "", true],
    ["another text of the same length", "abc", "abd", false],
    ["a longer text", "abc", "abcd", false],
    ["a shorter text", "abc", "ab", false],
    ["a text and nothing", "abc", "", false],
    ["nothing and a text", "", "abc", false],
    ["texts of as many letters but not bytes", "签", "a", false],
  ])("of %s", (_, one, other, same) => {
    expect(equalInConstantTime(one, other)).toBe(same);
  });
});
