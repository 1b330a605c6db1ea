/** TC3-HMAC-SHA256: which requests are accepted as signed, and everything that is refused. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import type { HttpMessage } from "../../shared/signing/tencent/signed-request.js";
import { sha256Hex } from "../../shared/signing/tencent/tc3-canonical.js";
import { readTc3, signTc3, tc3Keys, verifyTc3 } from "../../shared/signing/tencent/tc3.js";
import { later, now, SECRET_KEY, signer } from "./tc3-example.js";

const post: HttpMessage = {
  method: "POST",
  path: "/",
  query: "",
  headers: {
    "content-type": "application/json; charset=UTF-8",
    host: "trtc.tencentcloudapi.com",
    "x-tc-action": "StopStreamIngest",
  },
  body: Buffer.from('{"SdkAppId":1400000000,"TaskId":"任务"}'),
};
const get: HttpMessage = {
  ...post,
  method: "GET",
  query: "SdkAppId=1400000000&TaskId=a%2Bb",
  body: Buffer.alloc(0),
};
const sign = (message: HttpMessage, options: object = {}): HttpMessage =>
  signTc3(message, { ...signer, ...options }, now).message;
const withHeader = (message: HttpMessage, name: string, value: string): HttpMessage => ({
  ...message,
  headers: { ...message.headers, [name]: value },
});

function verdictOn(
  message: HttpMessage,
  { at = now, ...keys }: { at?: Date; secretKeys?: readonly string[]; service?: string } = {},
): string {
  const read = readTc3(message);
  if (!read) return "not TC3";
  if (!read.ok) return read.reason;
  const verdict = verifyTc3(message, read.claim, { secretKeys: [SECRET_KEY], ...keys }, at);
  return verdict.ok ? "ok" : verdict.reason;
}

/** Signed by hand, with any path and spelling that a signer may choose. */
function signedByHand({
  message = post,
  path = "/",
  host = "trtc.tencentcloudapi.com",
  contentType = "application/json; charset=UTF-8",
}): HttpMessage {
  const date = "2023-11-14";
  const canonical =
    `${message.method}\n${path}\n${message.query}\ncontent-type:${contentType}\nhost:${host}\n\n` +
    `content-type;host\n${sha256Hex(message.body)}`;
  const toSign = `TC3-HMAC-SHA256\n1700000000\n${date}/trtc/tc3_request\n${sha256Hex(canonical)}`;
  const { signing } = tc3Keys(SECRET_KEY, { date, service: "trtc" });
  const signature = createHmac("sha256", signing).update(toSign).digest("hex");
  const authorization = `TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/${date}/trtc/tc3_request, SignedHeaders=content-type;host, Signature=${signature}`;
  return withHeader(
    withHeader(message, "x-tc-timestamp", "1700000000"),
    "authorization",
    authorization,
  );
}

describe("a signed request is accepted", () => {
  test("as POST with a body outside ASCII", () => {
    expect(verdictOn(sign(post))).toBe("ok");
  });

  test("as GET, whose query is signed", () => {
    expect(verdictOn(sign(get))).toBe("ok");
  });

  test.each([
    ["header values as they were sent", {}],
    ["header values in lower case", { contentType: "application/json; charset=utf-8" }],
    ["the host as it was sent, with its port", { host: "127.0.0.1:9000" }],
    ["the host without its port", { host: "127.0.0.1" }],
    ["the path `/`", { path: "/" }],
    ["the path that was called", { path: "/release/api" }],
  ])("when it was signed with %s", (_, form) => {
    const host = "host" in form ? "127.0.0.1:9000" : "trtc.tencentcloudapi.com";
    const message = { ...withHeader(post, "host", host), path: "/release/api" };
    expect(verdictOn(signedByHand({ message, ...form }))).toBe("ok");
  });

  test("with spaces around a header's value, which are not signed", () => {
    const spaced = withHeader(signedByHand({}), "host", " trtc.tencentcloudapi.com ");
    expect(verdictOn(spaced)).toBe("ok");
  });

  test("by either key while keys are changed over, whatever their order", () => {
    for (const secretKeys of [
      ["old", SECRET_KEY],
      [SECRET_KEY, "new"],
    ]) {
      expect(verdictOn(sign(post), { secretKeys })).toBe("ok");
    }
    expect(verdictOn(sign(post), { secretKeys: ["old", "new"] })).toBe("forged");
  });

  test("up to five minutes before and after its time", () => {
    expect(verdictOn(sign(post), { at: later(300) })).toBe("ok");
    expect(verdictOn(sign(post), { at: later(-300) })).toBe("ok");
  });

  test("on the next day, when it was signed just before midnight", () => {
    const midnight = new Date("2023-11-15T00:00:00Z");
    const { message } = signTc3(post, signer, new Date("2023-11-14T23:59:59Z"));
    expect(verdictOn(message, { at: midnight })).toBe("ok");
  });

  test("for any product, unless the receiver demands one", () => {
    const local = sign(post, { service: "127" });
    expect(verdictOn(local)).toBe("ok");
    expect(verdictOn(local, { service: "trtc" })).toBe("wrong-service");
    expect(verdictOn(sign(post), { service: "trtc" })).toBe("ok");
  });

  test("with a token beside the signature, or under it", () => {
    const beside = withHeader(sign(post), "x-tc-token", "token");
    expect(verdictOn(beside)).toBe("ok");
    const signedHeaders = ["x-tc-token", "host", "content-type"];
    const under = sign(withHeader(post, "x-tc-token", "token"), { signedHeaders });
    expect(under.headers["x-tc-token"]).toBe("token");
    expect(under.headers["authorization"]).toContain("=content-type;host;x-tc-token,");
    expect(verdictOn(under)).toBe("ok");
    expect(verdictOn(withHeader(under, "x-tc-token", "other"))).toBe("forged");
  });

  test("with any body, when it says that its body is not signed", () => {
    const unsigned = sign(withHeader(post, "x-tc-content-sha256", "UNSIGNED-PAYLOAD"));
    expect(verdictOn(unsigned)).toBe("ok");
    expect(verdictOn({ ...unsigned, body: Buffer.from("{}") })).toBe("ok");
    expect(verdictOn(withHeader(unsigned, "x-tc-content-sha256", ""))).toBe("forged");
    expect(verdictOn(withHeader(sign(post), "x-tc-content-sha256", "UNSIGNED-PAYLOAD"))).toBe(
      "forged",
    );
  });

  test("with ten million bytes of body", () => {
    expect(verdictOn(sign({ ...post, body: Buffer.alloc(10_000_000, "x") }))).toBe("ok");
  });
});

describe("a signed request is refused as forged", () => {
  test("when any single bit of its body is flipped", () => {
    const signed = sign(post);
    for (let bit = 0; bit < post.body.length * 8; bit += 1) {
      const body = Buffer.from(post.body);
      body.writeUInt8(body.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(verdictOn({ ...signed, body })).toBe("forged");
    }
  });

  test.each([
    ["method", (signed: HttpMessage) => ({ ...signed, method: "GET" })],
    ["query", (signed: HttpMessage) => ({ ...signed, query: "TaskId=b" })],
    ["host", (signed: HttpMessage) => withHeader(signed, "host", "evil.example")],
    ["content type", (signed: HttpMessage) => withHeader(signed, "content-type", "text/plain")],
    ["timestamp", (signed: HttpMessage) => withHeader(signed, "x-tc-timestamp", "1700000001")],
    ["body, cut off", (signed: HttpMessage) => ({ ...signed, body: signed.body.subarray(1) })],
    ["body, gone", (signed: HttpMessage) => ({ ...signed, body: Buffer.alloc(0) })],
  ])("when its %s is changed", (_, change) => {
    expect(verdictOn(change(sign(post)))).toBe("forged");
  });

  test("when a query or body is added to a signed GET", () => {
    expect(verdictOn({ ...sign(get), query: `${get.query}&MaxDuration=1` })).toBe("forged");
    expect(verdictOn({ ...sign(get), body: Buffer.from("{}") })).toBe("forged");
  });

  test("when its signed action is changed", () => {
    const signed = sign(post, { signedHeaders: ["content-type", "host", "x-tc-action"] });
    expect(verdictOn(signed)).toBe("ok");
    expect(verdictOn(withHeader(signed, "x-tc-action", "StartStreamIngest"))).toBe("forged");
  });

  test("when its path is not the one its signer used", () => {
    expect(verdictOn(signedByHand({ path: "/other" }))).toBe("forged");
  });
});
