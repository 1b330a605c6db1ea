/** Presigned URLs of COS and S3, compared with their published examples. */
import { describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../shared/clock.js";
import { presignCos, signCos } from "../../shared/signing/storage/cos-url.js";
import { presignS3, s3Address, signS3Query } from "../../shared/signing/storage/s3-url.js";
import { verifyCosUrl, verifyS3Url } from "../support/http/verify-presigned.js";
import fc, { cases } from "../support/properties.js";

const NOW = new Date("2026-11-25T12:00:00Z");
const at = (seconds: number) => addMs(NOW, seconds * SECOND_MS);

/** The keys of the example in "Request Signature" (436/7778), from its earlier editions. */
const COS_KEYS = {
  secretId: "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q",
  secretKey: "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz",
};
const HOST = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com";

describe("COS's published example of", () => {
  test("uploading an object", () => {
    const request = {
      method: "PUT",
      path: "/exampleobject(腾讯云)",
      query: {},
      headers: {
        Date: "Thu, 16 May 2019 06:45:51 GMT",
        Host: HOST,
        "Content-Type": "text/plain",
        "Content-Length": "13",
        "Content-MD5": "mQ/fVh815F3k6TAUm8m0eg==",
        "x-cos-acl": "private",
        "x-cos-grant-read": 'uin="100000000011"',
      },
    };
    expect(signCos(request, COS_KEYS, { from: 1557989151, until: 1557996351 })).toBe(
      "q-sign-algorithm=sha1&q-ak=AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q&q-sign-time=1557989151;1557996351&q-key-time=1557989151;1557996351&q-header-list=content-length;content-md5;content-type;date;host;x-cos-acl;x-cos-grant-read&q-url-param-list=&q-signature=3b8851a11a569213c17ba8fa7dcf2abec6935172",
    );
  });

  test("downloading an object", () => {
    const request = {
      method: "GET",
      path: "/exampleobject(腾讯云)",
      query: {
        "response-content-type": "application/octet-stream",
        "response-cache-control": "max-age=600",
      },
      headers: { Date: "Thu, 16 May 2019 06:55:53 GMT", Host: HOST },
    };
    expect(signCos(request, COS_KEYS, { from: 1557989753, until: 1557996953 })).toBe(
      "q-sign-algorithm=sha1&q-ak=AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q&q-sign-time=1557989753;1557996953&q-key-time=1557989753;1557996953&q-header-list=date;host&q-url-param-list=response-cache-control;response-content-type&q-signature=01681b8c9d798a678e43b685a9f1bba0f6c0e012",
    );
  });
});

/** The example of "Authenticating Requests: Using Query Parameters". */
const S3_KEYS = {
  secretId: "AKIAIOSFODNN7EXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

test("S3's published example of a presigned URL has our signature", () => {
  const signing = {
    host: "examplebucket.s3.amazonaws.com",
    path: "/test.txt",
    region: "us-east-1",
    expiresSeconds: 86400,
    at: new Date("2013-05-24T00:00:00Z"),
  };
  expect(signS3Query(signing, S3_KEYS)).toBe(
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});

describe("the URL of an object", () => {
  test.each([
    ["films", "eu-west-1", "films.s3.eu-west-1.amazonaws.com", "/a%20b/%E7%AC%AC%2B1.mp4"],
    ["a.b", "eu-west-1", "s3.eu-west-1.amazonaws.com", "/a.b/a%20b/%E7%AC%AC%2B1.mp4"],
    ["films", "cn-north-1", "films.s3.cn-north-1.amazonaws.com.cn", "/a%20b/%E7%AC%AC%2B1.mp4"],
  ])("in %s of %s", (bucket, region, host, path) => {
    expect(s3Address({ bucket, region, key: "a b/第+1.mp4" })).toEqual({ host, path });
  });

  test("in COS has its key encoded, except the slashes", () => {
    const object = { bucket: "films-1250000000", region: "ap-guangzhou", key: "a b/第+1.mp4" };
    const url = presignCos(object, COS_KEYS, { from: NOW, until: at(60) });
    expect(url.split("?")[0]).toBe(
      "https://films-1250000000.cos.ap-guangzhou.myqcloud.com/a%20b/%E7%AC%AC%2B1.mp4",
    );
    expect(url).toContain("q-sign-time=1795608000%3B1795608060");
  });
});

const CLOUDS = [
  ["COS", presignCos, verifyCosUrl],
  ["S3", presignS3, verifyS3Url],
] as const;

describe.each(CLOUDS)("a presigned URL of %s", (_, presign, verify) => {
  const object = { bucket: "films-1250000000", region: "ap-guangzhou", key: "in/a b.mp4" };
  const keys = { secretId: "AKIDsomebody", secretKey: "a-secret-key", token: "to/ken+=" };
  const url = presign(object, keys, { from: NOW, until: at(600) });
  const { secretKey } = keys;

  test("is valid from its first to its last second, and no longer", () => {
    expect(verify(url, secretKey, NOW)).toEqual({ ok: true });
    expect(verify(url, secretKey, at(600))).toEqual({ ok: true });
    expect(verify(url, secretKey, at(601))).toEqual({ ok: false, reason: "expired" });
    expect(verify(url, secretKey, at(-1))).toEqual({ ok: false, reason: "expired" });
  });

  test("is valid only for that object, host and key", () => {
    for (const [from, to] of [
      ["/in/", "/out/"],
      ["films-1250000000", "films-1250000001"],
      ["a%20b", "a%2520b"],
    ] as const) {
      expect(url).toContain(from);
      const other = verify(url.replace(from, to), secretKey, NOW);
      expect([to, other]).toEqual([to, { ok: false, reason: "forged" }]);
    }
    expect(verify(url, "another-key", NOW)).toEqual({ ok: false, reason: "forged" });
    const longer = url.replace("1795608600", "1795609600").replace("Expires=600", "Expires=6000");
    expect(longer).not.toBe(url);
    expect(verify(longer, secretKey, NOW)).toEqual({ ok: false, reason: "forged" });
  });

  test("contains the token of temporary keys, and never the key", () => {
    expect(new URL(url).search).toContain(encodeURIComponent("to/ken+="));
    expect(url).not.toContain(secretKey);
  });

  test("is refused without its fields", () => {
    const bare = url.split("?")[0] ?? "";
    expect(verify(bare, secretKey, NOW)).toEqual({ ok: false, reason: "malformed" });
  });

  test("can be made for any object key, and is valid for it", () => {
    const part = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((text) => text !== "." && text !== ".." && !/[/\0]/.test(text));
    const keysOf = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(keysOf, (key) => {
        const made = presign({ ...object, key }, keys, { from: NOW, until: at(60) });
        expect(made).toMatch(/^[\x21-\x7e]+$/);
        expect(decodeURIComponent(new URL(made).pathname)).toBe(`/${key}`);
        expect(verify(made, secretKey, NOW)).toEqual({ ok: true });
      }),
      { numRuns: cases(500) },
    );
  });
});

test("an S3 URL is never made for more than seven days, S3's limit", () => {
  const object = { bucket: "films", region: "eu-west-1", key: "a.mp4" };
  const url = presignS3(object, S3_KEYS, { from: NOW, until: at(8 * 86_400) });
  expect(new URL(url).searchParams.get("X-Amz-Expires")).toBe("604800");
  expect(verifyS3Url(url.replace("604800", "604801"), S3_KEYS.secretKey, NOW)).toEqual({
    ok: false,
    reason: "malformed",
  });
});
