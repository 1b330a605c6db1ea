/** Request signatures against Tencent's official Node.js SDKs, of both sites, on random input. */
import { stringify } from "node:querystring";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import fc from "../support/properties.js";
import type { HttpMessage } from "../../shared/signing/tencent/signed-request.js";
import { readTc3, signTc3, verifyTc3 } from "../../shared/signing/tencent/tc3.js";
import { readV1, verifyV1 } from "../../shared/signing/tencent/v1.js";
import { signV1 } from "../support/http/sign-v1.js";

/** The parts of the SDKs that the tests use. Their inner modules have no suitable types. */
interface Sign3 {
  sign3(request: {
    method: string;
    url: string;
    payload: Buffer;
    timestamp: number;
    service: string;
    secretId: string;
    secretKey: string;
    headers: Record<string, string>;
  }): string;
}
type Signed = Record<string, string | number | boolean>;
interface Client {
  formatRequestData(action: string, parameters: Signed): Signed | Promise<Signed>;
}
interface Account {
  endpoint: string;
  reqMethod: string;
  signMethod: string;
  credential: { secretId: string; secretKey: string };
}

const cnSign = jest.requireActual<{ default: Sign3 }>(
  "tencentcloud-sdk-nodejs/tencentcloud/common/sign.js",
);
const cnClient = jest.requireActual<{
  AbstractClient: new (endpoint: string, version: string, config: object) => Client;
}>("tencentcloud-sdk-nodejs/tencentcloud/common/abstract_client.js");
const intlSign = jest.requireActual<Sign3>(
  "tencentcloud-sdk-nodejs-intl-en/tencentcloud/common/sign.js",
);
const IntlClient = jest.requireActual<
  new (
    endpoint: string,
    version: string,
    credential: object,
    region: string,
    profile: object,
  ) => Client
>("tencentcloud-sdk-nodejs-intl-en/tencentcloud/common/abstract_client.js");

const VERSION = "2019-07-22";
const REGION = "ap-singapore";
const sdks = [
  {
    sdk: "tencentcloud-sdk-nodejs",
    sign: cnSign.default,
    clientOf: ({ credential, signMethod, ...httpProfile }: Account): Client =>
      new cnClient.AbstractClient("", VERSION, {
        credential,
        region: REGION,
        profile: { signMethod, httpProfile },
      }),
  },
  {
    sdk: "tencentcloud-sdk-nodejs-intl-en",
    sign: intlSign,
    clientOf: ({ credential, signMethod, ...httpProfile }: Account): Client =>
      new IntlClient("", VERSION, credential, REGION, { signMethod, httpProfile }),
  },
];

beforeAll(() => {
  // The SDKs read the real clock. The test fixes only Date, at one instant for each case.
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "setTimeout"] });
});
afterAll(() => {
  jest.useRealTimers();
});

const letters = Array.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 40 });
const credential = fc.record({ secretId: word, secretKey: word });
/** Whole seconds: v1 rounds half a second up, and TC3 cuts it off. */
const timestamps = fc.integer({ min: 1.5e9, max: 2e9 });
const at = (timestamp: number) => new Date(timestamp * 1000);
const host = fc.constantFrom(
  "trtc.tencentcloudapi.com",
  "trtc.intl.tencentcloudapi.com",
  "127.0.0.1",
  "localhost",
  "[::1]",
);
const port = fc.constantFrom("", ":9000");
const fields = fc.dictionary(word, fc.oneof(fc.string({ unit: "grapheme" }), fc.integer()), {
  noNullPrototype: true,
});

const call = fc
  .record({
    method: fc.constantFrom("GET", "POST"),
    host,
    fields,
    credential,
    timestamp: timestamps,
  })
  .map(({ method, host: name, fields: sent, credential: { secretId, secretKey }, timestamp }) => ({
    url: new URL(`https://${name}/${method === "GET" ? `?${stringify(sent)}` : ""}`),
    method,
    body: Buffer.from(method === "GET" ? "" : JSON.stringify(sent)),
    contentType: method === "GET" ? "application/x-www-form-urlencoded" : "application/json",
    signer: { secretId, secretKey, service: name.split(".")[0] ?? "" },
    timestamp,
  }));
type Call = typeof call extends fc.Arbitrary<infer Value> ? Value : never;

const messageOf = ({ method, url, body, contentType }: Call): HttpMessage => ({
  method,
  path: "/",
  query: url.search.slice(1),
  headers: { "content-type": contentType, host: url.hostname },
  body,
});
const sign3Of = (sign: Sign3, { method, url, body, contentType, signer, timestamp }: Call) =>
  sign.sign3({
    ...signer,
    method,
    url: url.href,
    payload: body,
    timestamp,
    headers: { "Content-Type": contentType },
  });

describe.each(sdks)("TC3 of $sdk", ({ sign }) => {
  test("gives the same header as our signer", () => {
    fc.assert(
      fc.property(call, (made) => {
        const { authorization } = signTc3(messageOf(made), made.signer, at(made.timestamp));
        expect(authorization).toBe(sign3Of(sign, made));
      }),
    );
  });

  test("is accepted although the host has a port and the path a prefix", () => {
    const contentTypes = fc.constantFrom("application/json; charset=UTF-8", "application/json");
    const paths = fc.constantFrom("/", "/release/api");
    fc.assert(
      fc.property(call, contentTypes, port, paths, (made, contentType, sentPort, path) => {
        const authorization = sign3Of(sign, { ...made, contentType });
        const message = messageOf({ ...made, contentType });
        const headers = {
          ...message.headers,
          host: `${message.headers["host"] ?? ""}${sentPort}`,
          "x-tc-timestamp": String(made.timestamp),
          authorization,
        };
        const sent = { ...message, path, headers };
        const read = readTc3(sent);
        if (!read?.ok) throw new Error("The header was not read.");
        expect(read.claim).toMatchObject({
          secretId: made.signer.secretId,
          service: made.signer.service,
        });
        const keysOf = (secretKey: string) => ({ secretKeys: [secretKey] });
        const verdictBy = (secretKey: string) =>
          verifyTc3(sent, read.claim, keysOf(secretKey), at(made.timestamp));
        expect(verdictBy(made.signer.secretKey)).toMatchObject({ ok: true });
        expect(verdictBy(`${made.signer.secretKey}x`)).toEqual({ ok: false, reason: "forged" });
      }),
    );
  });
});

describe.each(sdks)("v1 of $sdk", ({ clientOf }) => {
  const account = fc
    .record({
      host,
      port,
      credential,
      reqMethod: fc.constantFrom("GET", "POST"),
      signMethod: fc.constantFrom("HmacSHA1", "HmacSHA256"),
    })
    .map(({ host: name, port: suffix, ...others }) => ({ ...others, endpoint: name + suffix }));

  test("gives the same signature as our signer, and it is accepted", async () => {
    await fc.assert(
      fc.asyncProperty(account, fields, timestamps, async (made, sent, timestamp) => {
        jest.setSystemTime(at(timestamp));
        const request = await clientOf(made).formatRequestData("StopStreamIngest", { ...sent });
        const parameters = Object.fromEntries(
          Object.entries(request).map(([name, value]) => [name, String(value)]),
        );
        const { secretId, secretKey } = made.credential;
        const asked = { method: made.reqMethod, host: made.endpoint, parameters };
        expect(signV1(asked, secretKey).signature).toBe(parameters["Signature"]);

        const read = readV1(parameters);
        if (!read?.ok) throw new Error("The parameters were not read.");
        expect(read.claim).toMatchObject({ secretId, method: made.signMethod, timestamp });
        const verdictBy = (key: string) =>
          verifyV1(asked, read.claim, { secretKeys: [key] }, at(timestamp));
        expect(verdictBy(secretKey)).toMatchObject({ ok: true });
        expect(verdictBy(`${secretKey}x`)).toEqual({ ok: false, reason: "forged" });
      }),
    );
  });
});
