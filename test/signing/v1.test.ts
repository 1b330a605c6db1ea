/** Tencent's older signature: published values, what is accepted, and everything that is refused. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { type V1Request, readV1, verifyV1 } from "../../shared/signing/tencent/v1.js";
import { signV1 } from "../support/http/sign-v1.js";

const SECRET_KEY = "SECRETEXAMPLE";
const now = new Date(1700000000 * 1000);
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

const published = {
  method: "GET",
  host: "cvm.tencentcloudapi.com",
  parameters: {
    Action: "DescribeInstances",
    "InstanceIds.0": "ins-09dx96dg",
    Limit: "20",
    Nonce: "11886",
    Offset: "0",
    Region: "ap-guangzhou",
    SecretId: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    Timestamp: "1465185768",
    Version: "2017-03-12",
  },
};

const stop = {
  method: "POST",
  host: "trtc.intl.tencentcloudapi.com",
  parameters: {
    Action: "StopStreamIngest",
    Language: "en-US",
    Nonce: "11886",
    Region: "ap-singapore",
    SdkAppId: "1400000000",
    SecretId: "AKIDEXAMPLE",
    SignatureMethod: "HmacSHA256",
    TaskId: "t",
    Timestamp: "1700000000",
    Version: "2019-07-22",
  },
};
const withParameters = (request: V1Request, more: Record<string, string>): V1Request => ({
  ...request,
  parameters: { ...request.parameters, ...more },
});
const sign = (request: V1Request, secretKey = SECRET_KEY): V1Request =>
  withParameters(request, { Signature: signV1(request, secretKey).signature });

function verdictOn(
  request: V1Request,
  { at = now, secretKeys = [SECRET_KEY] }: { at?: Date; secretKeys?: readonly string[] } = {},
): string {
  const read = readV1(request.parameters);
  if (!read) return "not v1";
  if (!read.ok) return read.reason;
  const verdict = verifyV1(request, read.claim, { secretKeys }, at);
  return verdict.ok ? "ok" : verdict.reason;
}

describe("the published example", () => {
  test("of another product has our string to sign and signature with HmacSHA1", () => {
    const { signature, stringToSign } = signV1(published, "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE");
    expect(stringToSign).toBe(
      "GETcvm.tencentcloudapi.com/?Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20" +
        "&Nonce=11886&Offset=0&Region=ap-guangzhou&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE" +
        "&Timestamp=1465185768&Version=2017-03-12",
    );
    expect(signature).toBe("EliP9YW3pW28FpsEdkXt/+WcGeI=");
  });

  test("of a stop has our string to sign and signature with HmacSHA256", () => {
    const { signature, stringToSign } = signV1(stop, SECRET_KEY);
    expect(stringToSign).toBe(
      "POSTtrtc.intl.tencentcloudapi.com/?Action=StopStreamIngest&Language=en-US&Nonce=11886" +
        "&Region=ap-singapore&SdkAppId=1400000000&SecretId=AKIDEXAMPLE&SignatureMethod=HmacSHA256" +
        "&TaskId=t&Timestamp=1700000000&Version=2019-07-22",
    );
    expect(signature).toBe("6+sYnHMTEz4+gegrxkRn/ojCAHnS+XSaEDdBMQk2Wn8=");
  });

  test("is read and accepted", () => {
    const signed = sign(stop);
    expect(readV1(signed.parameters)).toEqual({
      ok: true,
      claim: {
        secretId: "AKIDEXAMPLE",
        signature: "6+sYnHMTEz4+gegrxkRn/ojCAHnS+XSaEDdBMQk2Wn8=",
        method: "HmacSHA256",
        timestamp: 1700000000,
        nonce: "11886",
      },
    });
    expect(verdictOn(signed)).toBe("ok");
  });

  test.each(["\n", "\r\n"])("is read with Ruby's line end behind the signature: %j", (end) => {
    const signed = sign(stop);
    const { Signature = "" } = signed.parameters;
    const sent = { ...signed.parameters, Signature: Signature + end };
    expect(readV1(sent)).toEqual(readV1(signed.parameters));
    expect(verdictOn({ ...signed, parameters: sent })).toBe("ok");
  });
});

describe("signed parameters are accepted", () => {
  test.each(["HmacSHA1", "HmacMD5", "hmacsha256", ""])(
    "with HmacSHA1 when the method is %j",
    (SignatureMethod) => {
      const signed = sign(withParameters(stop, { SignatureMethod }));
      expect(readV1(signed.parameters)).toMatchObject({ claim: { method: "HmacSHA1" } });
      expect(verdictOn(signed)).toBe("ok");
    },
  );

  test("with values outside ASCII and with characters that a URL would encode", () => {
    const request = withParameters(stop, { StreamUrl: "https://例.example/a b?c=d&e=f+g" });
    expect(verdictOn(sign(request))).toBe("ok");
  });

  test("with or without the port in the signed host", () => {
    const local = { ...stop, host: "127.0.0.1:9000" };
    expect(verdictOn({ ...sign(local), host: "127.0.0.1:9000" })).toBe("ok");
    expect(verdictOn({ ...sign({ ...local, host: "127.0.0.1" }), host: "127.0.0.1:9000" })).toBe(
      "ok",
    );
  });

  test("with the called path or `/` as the signed path", () => {
    const path = "/release/api";
    expect(verdictOn({ ...sign({ ...stop, path }), path })).toBe("ok");
    expect(verdictOn({ ...sign(stop), path })).toBe("ok");
    expect(verdictOn({ ...sign({ ...stop, path: "/other" }), path })).toBe("forged");
  });

  test("with or without empty values, which the Go SDK leaves out", () => {
    const withEmpty = withParameters(stop, { Token: "" });
    expect(verdictOn(sign(withEmpty))).toBe("ok");
    expect(verdictOn(withParameters(sign(stop), { Token: "" }))).toBe("ok");
  });

  test("by either key while keys are changed over, whatever their order", () => {
    expect(verdictOn(sign(stop), { secretKeys: ["old", SECRET_KEY] })).toBe("ok");
    expect(verdictOn(sign(stop), { secretKeys: [SECRET_KEY, "new"] })).toBe("ok");
    expect(verdictOn(sign(stop), { secretKeys: ["old", "new"] })).toBe("forged");
  });

  test("up to five minutes before and after their time, and no longer", () => {
    const signed = sign(stop);
    expect(verdictOn(signed, { at: later(300) })).toBe("ok");
    expect(verdictOn(signed, { at: later(-300) })).toBe("ok");
    expect(verdictOn(signed, { at: later(301) })).toBe("expired");
    expect(verdictOn(signed, { at: later(-301) })).toBe("expired");
  });

  test("with a nonce of zero, which the Node.js SDKs may draw, and with a very large one", () => {
    expect(verdictOn(sign(withParameters(stop, { Nonce: "0" })))).toBe("ok");
    expect(verdictOn(sign(withParameters(stop, { Nonce: "9223372036854775807" })))).toBe("ok");
  });
});

describe("parameters count as unsigned", () => {
  test("when they carry neither a signature nor a SecretId", () => {
    expect(readV1({ Action: "StopStreamIngest", Timestamp: "1700000000" })).toBeUndefined();
  });
});

describe("signed parameters are malformed", () => {
  test.each(["Signature", "SecretId", "Timestamp", "Nonce"])("without %s", (name) => {
    const others = Object.entries(sign(stop).parameters).filter(([other]) => other !== name);
    expect(readV1(Object.fromEntries(others))).toEqual({ ok: false, reason: "malformed" });
  });

  test.each([
    { Signature: "" },
    { SecretId: "" },
    { Timestamp: "" },
    { Timestamp: "now" },
    { Timestamp: "-1700000000" },
    { Timestamp: "1".repeat(1000) },
    { Nonce: "" },
    { Nonce: "-1" },
    { Nonce: "1.5" },
    { Nonce: "abc" },
    { Nonce: "1".repeat(1000) },
  ])("with %j", (wrong) => {
    expect(verdictOn(withParameters(sign(stop), wrong))).toBe("malformed");
  });
});

describe("signed parameters are forged", () => {
  const signed = sign(stop);

  test("when any single bit of the signature is flipped", () => {
    const bytes = Buffer.from(signed.parameters["Signature"] ?? "");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(verdictOn(withParameters(signed, { Signature: copy.toString("latin1") }))).toBe(
        "forged",
      );
    }
  });

  test("when the signature is cut off", () => {
    const signature = signed.parameters["Signature"] ?? "";
    for (let length = 1; length < signature.length; length += 1) {
      const cut = withParameters(signed, { Signature: signature.slice(0, length) });
      expect(verdictOn(cut)).toBe("forged");
    }
  });

  test.each([
    ["a value", { TaskId: "u" }],
    ["a parameter more", { MaxDuration: "1" }],
    ["another time", { Timestamp: "1700000001" }],
    ["another nonce", { Nonce: "11887" }],
    ["a weaker method", { SignatureMethod: "HmacSHA1" }],
    ["a signature outside ASCII", { Signature: "签名" }],
    ["an endless signature", { Signature: "x".repeat(1_000_000) }],
  ])("when %s was inserted", (_, change) => {
    expect(verdictOn(withParameters(signed, change))).toBe("forged");
  });

  test("when they were sent to another host or by another method", () => {
    expect(verdictOn({ ...signed, host: "evil.example" })).toBe("forged");
    expect(verdictOn({ ...signed, method: "GET" })).toBe("forged");
  });

  test("when there is no key, or an empty one, with which anyone could sign", () => {
    const { stringToSign } = signV1(stop, SECRET_KEY);
    const Signature = createHmac("sha256", "").update(stringToSign).digest("base64");
    expect(verdictOn(withParameters(stop, { Signature }), { secretKeys: [""] })).toBe("forged");
    expect(verdictOn(signed, { secretKeys: [] })).toBe("forged");
    expect(() => signV1(stop, "")).toThrow(RangeError);
  });
});
