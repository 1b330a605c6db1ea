/** TC3-HMAC-SHA256 against the published examples, each intermediate string compared. */
import { describe, expect, test } from "@jest/globals";
import type { HttpMessage } from "../../shared/signing/tencent/signed-request.js";
import { sha256Hex } from "../../shared/signing/tencent/tc3-canonical.js";
import { readTc3, signTc3, tc3Keys, verifyTc3 } from "../../shared/signing/tencent/tc3.js";

const at = (seconds: number) => new Date(seconds * 1000);

const cvm = {
  host: "cvm.tencentcloudapi.com",
  service: "cvm",
  contentType: "application/json; charset=utf-8",
  timestamp: 1551113065,
  date: "2019-02-25",
};
const stars = "*".repeat(32);
const unnamedInChinese = String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`;

const vectors = [
  {
    source: "A, the Chinese page with X-TC-Action signed",
    ...cvm,
    secretId: `AKID${stars}`,
    secretKey: stars,
    signedHeaders: ["content-type", "host", "x-tc-action"],
    body: unnamedInChinese,
    canonicalHeaders:
      "content-type:application/json; charset=utf-8\nhost:cvm.tencentcloudapi.com\nx-tc-action:describeinstances\n",
    bodyHash: "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064",
    canonicalHash: "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84",
    signature: "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
  },
  {
    source: "B, the international page",
    ...cvm,
    secretId: `AKID${stars}`,
    secretKey: stars,
    signedHeaders: ["content-type", "host"],
    body: '{"Limit": 1, "Filters": [{"Values": ["unnamed"], "Name": "instance-name"}]}',
    canonicalHeaders:
      "content-type:application/json; charset=utf-8\nhost:cvm.tencentcloudapi.com\n",
    bodyHash: "99d58dfbc6745f6747f36bfca17dee5e6881dc0428a0a36f96199342bc5b4907",
    canonicalHash: "2815843035062fffda5fd6f2a44ea8a34818b0dc46f024b8b3786976a3adda7a",
    signature: "a7b8551448762bd123d6f79e81815e31a92013640a6cef36a08ad4b292a4d2f2",
  },
  {
    source: "C, the older page",
    ...cvm,
    secretId: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******",
    secretKey: "Gu5t9xGARNpq86cd98joQYCN3*******",
    signedHeaders: ["content-type", "host"],
    body: unnamedInChinese,
    canonicalHeaders:
      "content-type:application/json; charset=utf-8\nhost:cvm.tencentcloudapi.com\n",
    bodyHash: "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064",
    canonicalHash: "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031",
    signature: "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c",
  },
];

const messageOf = (vector: (typeof vectors)[number]): HttpMessage => ({
  method: "POST",
  path: "/",
  query: "",
  headers: {
    "content-type": vector.contentType,
    host: vector.host,
    "x-tc-action": "DescribeInstances",
  },
  body: Buffer.from(vector.body),
});

describe.each(vectors)("example $source", (vector) => {
  const signed = signTc3(messageOf(vector), vector, at(vector.timestamp));
  const scope = `${vector.date}/${vector.service}/tc3_request`;
  const names = vector.signedHeaders.join(";");

  test("has the published canonical request", () => {
    expect(signed.canonicalRequest).toBe(
      `POST\n/\n\n${vector.canonicalHeaders}\n${names}\n${vector.bodyHash}`,
    );
    expect(sha256Hex(signed.canonicalRequest)).toBe(vector.canonicalHash);
  });

  test("has the published string to sign", () => {
    expect(signed.stringToSign).toBe(
      `TC3-HMAC-SHA256\n${vector.timestamp}\n${scope}\n${vector.canonicalHash}`,
    );
  });

  test("has the published signature and header", () => {
    expect(signed.signature).toBe(vector.signature);
    expect(signed.authorization).toBe(
      `TC3-HMAC-SHA256 Credential=${vector.secretId}/${scope}, SignedHeaders=${names}, Signature=${vector.signature}`,
    );
    expect(signed.message.headers).toMatchObject({
      authorization: signed.authorization,
      "x-tc-timestamp": String(vector.timestamp),
    });
  });

  test("is read and accepted", () => {
    const read = readTc3(signed.message);
    if (!read?.ok) throw new Error("The header was not read.");
    expect(read.claim).toEqual({
      secretId: vector.secretId,
      date: vector.date,
      service: vector.service,
      signedHeaders: vector.signedHeaders,
      signature: vector.signature,
      timestamp: vector.timestamp,
    });
    const keys = { secretKeys: [vector.secretKey], service: "cvm" };
    expect(verifyTc3(signed.message, read.claim, keys, at(vector.timestamp))).toEqual({ ok: true });
  });
});

test("the keys of examples A and B are derived in the three published steps", () => {
  const keys = tc3Keys(stars, { date: "2019-02-25", service: "cvm" });
  expect(keys.forDate.toString("hex")).toBe(
    "da98fb70dcf6b112dc21038d1eeeb3a95c74b4dcb12c1131f864f6066bd02be0",
  );
  expect(keys.forService.toString("hex")).toBe(
    "8d70cbefb03939f929db64d32dc2ba89b1095620119fe3e050e2b18c5bd2752f",
  );
  expect(keys.signing.toString("hex")).toBe(
    "b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af",
  );
});

test("a TRTC request has the signature that the Node.js SDK gives it", () => {
  const message = {
    method: "POST",
    path: "/",
    query: "",
    headers: { "content-type": "application/json", host: "trtc.intl.tencentcloudapi.com" },
    body: Buffer.from('{"SdkAppId":1400000000,"TaskId":"t"}'),
  };
  const signer = { secretId: "AKIDEXAMPLE", secretKey: "SECRETEXAMPLE", service: "trtc" };
  expect(signTc3(message, signer, at(1700000000)).signature).toBe(
    "3876ca382f5945bf9532ba6fdbde84f9546fa1f1359c8dfada96f6248527736c",
  );
});

test("an unsigned body is hashed as the published marker", () => {
  const unsigned = {
    method: "POST",
    path: "/",
    query: "",
    headers: {
      "content-type": "application/json",
      host: "trtc.tencentcloudapi.com",
      "x-tc-content-sha256": "UNSIGNED-PAYLOAD",
    },
    body: Buffer.from("{}"),
  };
  const signer = { secretId: "AKIDEXAMPLE", secretKey: "SECRETEXAMPLE", service: "trtc" };
  const { canonicalRequest } = signTc3(unsigned, signer, at(1700000000));
  expect(canonicalRequest.split("\n").at(-1)).toBe(
    "438d4109ef0d676b8c2c7ed13cdfcb418e494d53b843d4634ce3b1085f07bb96",
  );
});
