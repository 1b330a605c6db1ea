/**
 * The functions refuse signed requests that are forged, changed in transit or too old. Nothing
 * changes.
 */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { HttpRequest } from "../../shared/runtime/http-event.js";
import { signTc3, tc3Keys } from "../../shared/signing/tencent/tc3.js";
import { changed, withHeader } from "../support/contract/callers.js";
import { CN_APP, type TestApp, KEY, startTestApp, SECRET_ID } from "../support/app/test-app.js";
import { get, post, signedTc3, signedV1 } from "../support/http/http-requests.js";
import { codeIn, rawCaller } from "../support/http/raw-call.js";
import { worldOf } from "../support/app/world.js";

let app: TestApp;
/** A running ingest. Every request below would stop it if a function accepted it. */
let named: { SdkAppId: number; TaskId: string };
let before: Awaited<ReturnType<typeof worldOf>>;

beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

beforeEach(async () => {
  const request = { SdkAppId: CN_APP, RoomId: "7", StreamUrl: app.clip, RepeatNum: -1 };
  const { response } = await app.post("start-ingest", request);
  named = { SdkAppId: CN_APP, TaskId: String(response["TaskId"]) };
  before = await worldOf(app);
});

const inSeconds = (seconds: number) => addMs(clock.now(), seconds * SECOND_MS);
const by = (signer: object = {}) => ({
  secretId: SECRET_ID,
  secretKey: KEY,
  at: clock.now(),
  ...signer,
});

async function codeOf({ method, query, headers, body }: HttpRequest) {
  const path = query === "" ? "/" : `/?${query}`;
  return codeIn(await rawCaller(app.url).raw({ method, path, headers, body }));
}

async function expectRefused(request: HttpRequest, code: string): Promise<void> {
  expect(await codeOf(request)).toBe(code);
  expect(await worldOf(app)).toEqual(before);
}

/** A local run's gateway accepts only its own host. */
const host = () => new URL(app.url).host;
const stop = () => ({ "x-tc-action": "StopStreamIngest", host: host() });
const tc3 = (signer?: object) => signedTc3(post(JSON.stringify(named), stop()), by(signer));
const texts = () => ({ SdkAppId: String(CN_APP), TaskId: named.TaskId });
const v1 = (signer?: object) => signedV1(texts(), by({ host: host(), ...signer }));
const WAYS = [
  ["TC3", tc3],
  ["TC3 over a query", (signer?: object) => signedTc3(get(texts(), stop()), by(signer))],
  ["HmacSHA256", v1],
  ["HmacSHA1", (signer?: object) => v1({ algorithm: "HmacSHA1", ...signer })],
  ["HmacSHA256 over a query", (signer?: object) => v1({ method: "GET", ...signer })],
] as const;

describe.each(WAYS)("%s", (_, sign) => {
  test("is accepted up to five minutes before and after its time", async () => {
    expect(await codeOf(sign({ at: inSeconds(-295) }))).toBeUndefined();
    expect(await codeOf(sign({ at: inSeconds(295) }))).toBeUndefined();
    const { response } = await app.post("describe-ingest", named);
    expect(response).toMatchObject({ State: "ended", EndReason: "stopped" });
  });

  test("is refused five minutes and a second before and after its time", async () => {
    await expectRefused(sign({ at: inSeconds(-301) }), "AuthFailure.SignatureExpire");
    // A second may pass in transit. A timestamp in the future then comes closer.
    await expectRefused(sign({ at: inSeconds(303) }), "AuthFailure.SignatureExpire");
  });

  test("is refused with a wrong key, and with an unknown SecretId", async () => {
    await expectRefused(sign({ secretKey: `${KEY}s` }), "AuthFailure.SignatureFailure");
    await expectRefused(sign({ secretId: "AKIDnobody" }), "AuthFailure.SecretIdNotFound");
    await expectRefused(sign({ secretId: "" }), "AuthFailure.InvalidAuthorization");
  });

  test("is refused for another host", async () => {
    const other = host().replace("127.0.0.1", "localhost");
    await expectRefused(withHeader(sign(), "host", other), "AuthFailure.SignatureFailure");
  });
});

describe("a TC3 request that was changed on its way", () => {
  const flip = (request: HttpRequest) =>
    changed(request, ({ headers }) => {
      const authorization = headers["authorization"] ?? "";
      const last = authorization.endsWith("0") ? "1" : "0";
      return { headers: { ...headers, authorization: authorization.slice(0, -1) + last } };
    });

  test.each<[string, (request: HttpRequest) => HttpRequest]>([
    ["in its body", (sent) => changed(sent, ({ body }) => ({ body: Buffer.concat([body, body]) }))],
    [
      "by one space",
      (sent) => changed(sent, ({ body }) => ({ body: Buffer.from(` ${String(body)}`) })),
    ],
    ["in one digit of its signature", flip],
    ["in its type", (sent) => withHeader(sent, "content-type", "application/json; charset=utf-8")],
    [
      "to leave its body unsigned",
      (sent) => withHeader(sent, "x-tc-content-sha256", "UNSIGNED-PAYLOAD"),
    ],
    ["by a query", (sent) => changed(sent, () => ({ query: "TaskId=another" }))],
    [
      "in its time",
      (sent) =>
        withHeader(sent, "x-tc-timestamp", String(Number(sent.headers["x-tc-timestamp"]) - 1)),
    ],
  ])("is forged when it was changed %s", async (_, change) => {
    await expectRefused(change(tc3()), "AuthFailure.SignatureFailure");
  });

  test.each<[string, (authorization: string) => string]>([
    ["loses its signature", (text) => text.replace(/, Signature=.*/, "")],
    ["signs no host", (text) => text.replace("content-type;host", "content-type")],
    ["signs a header that is not there", (text) => text.replace(";host", ";host;x-none")],
    [
      "has a signature in capitals",
      (text) => text.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()),
    ],
    ["has another algorithm", (text) => text.replace("HMAC-SHA256", "HMAC-SHA1")],
    ["has two signatures", (text) => `${text}, ${text}`],
  ])("is malformed when it %s", async (_, change) => {
    const sent = tc3();
    const authorization = change(sent.headers["authorization"] ?? "");
    const sentOn = withHeader(sent, "authorization", authorization);
    await expectRefused(sentOn, "AuthFailure.InvalidAuthorization");
  });

  test("is refused when it was signed with the key of another day", async () => {
    const { message, stringToSign, authorization } = signTc3(
      tc3(),
      { ...by(), service: "trtc" },
      clock.now(),
    );
    const today = clock.now().toISOString().slice(0, 10);
    const { signing } = tc3Keys(KEY, { date: "2026-01-01", service: "trtc" });
    const text = stringToSign.replace(today, "2026-01-01");
    const signature = createHmac("sha256", signing).update(text).digest("hex");
    const scope = authorization.replace(today, "2026-01-01").replace(/[0-9a-f]{64}$/, signature);
    const sent = withHeader({ ...message, parameters: {} }, "authorization", scope);
    await expectRefused(sent, "AuthFailure.InvalidAuthorization");
  });
});

describe("a request with the older signature that was changed on its way", () => {
  test.each<[string, (form: URLSearchParams) => void]>([
    ["names another task", (form) => form.set("TaskId", "another")],
    ["names another application", (form) => form.set("SdkAppId", "1600000000")],
    ["has another action", (form) => form.set("Action", "DescribeStreamIngest")],
    ["has another nonce", (form) => form.set("Nonce", "11887")],
    ["has a field more", (form) => form.append("Region", "ap-singapore")],
    ["has a field less", (form) => form.delete("SdkAppId")],
    ["has another algorithm", (form) => form.set("SignatureMethod", "HmacSHA1")],
    ["has no signature at all", (form) => form.set("Signature", "AAAA")],
  ])("is forged when it %s", async (_, change) => {
    const sent = v1();
    const form = new URLSearchParams(String(sent.body));
    change(form);
    const body = Buffer.from(form.toString());
    await expectRefused({ ...sent, body }, "AuthFailure.SignatureFailure");
  });

  test.each(["Nonce", "Timestamp", "SecretId"])("is malformed without its %s", async (name) => {
    const sent = v1();
    const form = new URLSearchParams(String(sent.body));
    form.delete(name);
    const body = Buffer.from(form.toString());
    await expectRefused({ ...sent, body }, "AuthFailure.InvalidAuthorization");
  });

  test("is refused when its form comes as JSON, which the signature does not cover", async () => {
    const form = Object.fromEntries(new URLSearchParams(String(v1().body)));
    const answer = await rawCaller(app.url).raw({
      headers: { host: host(), "content-type": "application/json" },
      body: JSON.stringify(form),
    });
    expect(answer.status).toBe(401);
    expect(await worldOf(app)).toEqual(before);
  });
});
