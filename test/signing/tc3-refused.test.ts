/** TC3-HMAC-SHA256: unreadable or incomplete headers, and signatures with a wrong time or key. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import type { HttpMessage } from "../../shared/signing/tencent/signed-request.js";
import { readTc3, signTc3, tc3Keys, verifyTc3 } from "../../shared/signing/tencent/tc3.js";
import { later, now, SECRET_KEY, signer } from "./tc3-example.js";

const post: HttpMessage = {
  method: "POST",
  path: "/",
  query: "",
  headers: { "content-type": "application/json", host: "trtc.tencentcloudapi.com" },
  body: Buffer.from("{}"),
};
const signed = signTc3(post, signer, now);

const withHeaders = (message: HttpMessage, headers: Record<string, string>): HttpMessage => ({
  ...message,
  headers: { ...message.headers, ...headers },
});

function verdictOn(message: HttpMessage, { at = now, secretKeys = [SECRET_KEY] } = {}): string {
  const read = readTc3(message);
  if (!read) return "not TC3";
  if (!read.ok) return read.reason;
  const verdict = verifyTc3(message, read.claim, { secretKeys }, at);
  return verdict.ok ? "ok" : verdict.reason;
}
const verdictOnHeader = (authorization: string): string =>
  verdictOn(withHeaders(signed.message, { authorization }));

test("the unchanged request, which the next cases vary, is accepted", () => {
  expect(verdictOn(signed.message)).toBe("ok");
});

describe("a request is not signed with TC3", () => {
  test("when it has no Authorization", () => {
    expect(readTc3(post)).toBeUndefined();
  });

  test.each(["", "SKIP", "Bearer TC3-HMAC-SHA256", "TC3-HMAC-SHA512 Credential=x"])(
    "when it has another one: %j",
    (authorization) => {
      expect(readTc3({ headers: { authorization } })).toBeUndefined();
    },
  );
});

describe("a TC3 header is malformed", () => {
  const { authorization, signature } = signed;

  test.each([
    ["nothing behind its name", "TC3-HMAC-SHA256"],
    ["no scope", authorization.replace("/2023-11-14/trtc/tc3_request", "")],
    ["no SecretId", authorization.replace("AKIDEXAMPLE", "")],
    ["no date", authorization.replace("2023-11-14", "")],
    ["no product", authorization.replace("/trtc/", "//")],
    ["another end of its scope", authorization.replace("tc3_request", "tc2_request")],
    ["no signed headers", authorization.replace("content-type;host", "")],
    ["capitals in its signed headers", authorization.replace("content-type", "Content-Type")],
    ["an empty signature", authorization.replace(signature, "")],
    ["a signature in capitals", authorization.replace(signature, signature.toUpperCase())],
    ["letters outside ASCII for a signature", authorization.replace(signature, "签".repeat(64))],
    ["something behind its signature", `${authorization} `],
    ["a million characters", authorization.replace("AKID", "A".repeat(1_000_000))],
  ])("with %s", (_, header) => {
    expect(verdictOnHeader(header)).toBe("malformed");
  });

  test("when it is cut off at any place", () => {
    for (let length = "TC3-HMAC-SHA256".length; length < authorization.length; length += 1) {
      expect(verdictOnHeader(authorization.slice(0, length))).toBe("malformed");
    }
  });

  test.each(["", "now", "-1700000000", "1700000000.5", "01700000000", "1".repeat(13), "１７"])(
    "with the timestamp %j",
    (timestamp) => {
      expect(verdictOn(withHeaders(signed.message, { "x-tc-timestamp": timestamp }))).toBe(
        "malformed",
      );
    },
  );

  test("when it has no timestamp", () => {
    const { authorization: header } = signed;
    expect(verdictOn(withHeaders(post, { authorization: header }))).toBe("malformed");
  });

  test.each([["content-type"], ["host"], ["x-tc-timestamp"]])(
    "when nothing but %s is signed",
    (name) => {
      const { message } = signTc3(post, { ...signer, signedHeaders: [name] }, now);
      expect(verdictOn(message)).toBe("malformed");
    },
  );

  test.each(["x-tc-action", "constructor", "__proto__"])(
    "when it signs %s, which is not there",
    (name) => {
      const header = authorization.replace("content-type;host", `content-type;host;${name}`);
      expect(verdictOnHeader(header)).toBe("malformed");
    },
  );

  test("when its date is not the day of its timestamp, although all of it is signed", () => {
    const date = "2023-11-13";
    const { signing } = tc3Keys(SECRET_KEY, { date, service: "trtc" });
    const redated = (text: string) => text.replace("2023-11-14", date);
    const mac = createHmac("sha256", signing).update(redated(signed.stringToSign)).digest("hex");
    expect(verdictOnHeader(redated(authorization).replace(signature, mac))).toBe("malformed");
  });

  test.each([
    ["a signed header", withHeaders(post, { host: "a\nb" })],
    ["the path", { ...post, path: "/\n" }],
    ["the query", { ...post, query: "a\rb" }],
    ["the method", { ...post, method: "POST\n" }],
  ])("when a line break is hidden in %s", (_, message) => {
    expect(verdictOn(signTc3(message, signer, now).message)).toBe("malformed");
  });
});

describe("a signature has expired", () => {
  test("when it arrives five minutes and a second after its time", () => {
    expect(verdictOn(signed.message, { at: later(301) })).toBe("expired");
  });

  test("when it arrives more than five minutes before its time", () => {
    expect(verdictOn(signed.message, { at: later(-301) })).toBe("expired");
  });

  test("when the receiver's time is not known", () => {
    expect(verdictOn(signed.message, { at: new Date(Number.NaN) })).toBe("expired");
  });
});

describe("a signature is forged", () => {
  const { authorization, signature } = signed;

  test("when any single bit of it is flipped", () => {
    const bytes = Buffer.from(signature, "hex");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const header = authorization.replace(signature, copy.toString("hex"));
      expect(verdictOnHeader(header)).toBe("forged");
    }
  });

  test("when it is for another product", () => {
    expect(verdictOnHeader(authorization.replace("/trtc/", "/cvm/"))).toBe("forged");
  });

  test("when none of the keys made it", () => {
    expect(verdictOn(signed.message, { secretKeys: ["other"] })).toBe("forged");
    expect(verdictOn(signed.message, { secretKeys: [] })).toBe("forged");
  });

  test("when the only key is empty, with which anyone could sign", () => {
    const { signing } = tc3Keys("", { date: "2023-11-14", service: "trtc" });
    const mac = createHmac("sha256", signing).update(signed.stringToSign).digest("hex");
    const message = withHeaders(signed.message, {
      authorization: authorization.replace(signature, mac),
    });
    expect(verdictOn(message, { secretKeys: [""] })).toBe("forged");
  });
});

describe("signing refuses", () => {
  test("a signed header that the request lacks", () => {
    const signedHeaders = ["content-type", "host", "x-tc-action"];
    expect(() => signTc3(post, { ...signer, signedHeaders }, now)).toThrow(RangeError);
  });

  test("an empty key", () => {
    expect(() => signTc3(post, { ...signer, secretKey: "" }, now)).toThrow(RangeError);
  });
});
