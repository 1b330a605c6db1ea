/** The receivers of notifications and their secrets. Wrong settings stop the instance. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { caller, read, stopping, withCaller } from "../support/contract/settings.js";

const secretOf = (bytes: number) => `whsec_${randomBytes(bytes).toString("base64")}`;
const NotifySecrets = [secretOf(32)];
const NotifyUrl = "https://hooks.example.com/trtc?token=a";

const receiverOf = (changes: object, allowed = "off") =>
  read({
    CALLERS: JSON.stringify([{ ...caller, NotifyUrl, NotifySecrets, ...changes }]),
    ALLOW_PRIVATE_NOTIFY_HOSTS: allowed,
  }).callers.get(caller.Id)?.receiver;

test("a caller without a NotifyUrl has no receiver", () => {
  expect(withCaller({}).callers.get(caller.Id)?.receiver).toBeUndefined();
});

test.each([
  NotifyUrl,
  "https://hooks.example.com",
  "HTTPS://HOOKS.EXAMPLE.COM:8443/a",
  "https://8.8.8.8/",
  "https://[2001:4860:4860::8888]/",
])("NotifyUrl may be %s", (url) => {
  expect(receiverOf({ NotifyUrl: url })).toEqual({ url, secrets: NotifySecrets });
});

test.each([24, 32, 64])("a secret of %d bytes is accepted", (bytes) => {
  const secret = secretOf(bytes);
  expect(receiverOf({ NotifySecrets: [secret] })?.secrets).toEqual([secret]);
});

test("up to four secrets are accepted, so that one can be rotated", () => {
  const four = [24, 32, 48, 64].map(secretOf);
  expect(receiverOf({ NotifySecrets: four })?.secrets).toEqual(four);
  expect(stopping(() => receiverOf({ NotifySecrets: [...four, secretOf(32)] }))).toContain(
    "CALLERS[0]: NotifySecrets",
  );
  expect(stopping(() => receiverOf({ NotifySecrets: [] }))).toContain("CALLERS[0]: NotifySecrets");
});

describe("the instance stops", () => {
  test.each([{ NotifyUrl: undefined }, { NotifySecrets: undefined }])(
    "when a caller has only one of the two settings: %j",
    (changes) => {
      expect(stopping(() => receiverOf(changes))).toBe(
        "CALLERS[0]: NotifyUrl and NotifySecrets go together: set both, or neither",
      );
    },
  );

  test.each([
    "http://hooks.example.com/",
    "hooks.example.com/trtc",
    "ftp://hooks.example.com/",
    "//hooks.example.com/",
    "https:hooks.example.com",
    "https:///hooks.example.com",
    "https://hooks.example.com\\@evil.example/",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\n",
    "https://:443/",
    "https://hooks.example.com:99999/",
    "file:///etc/passwd",
  ])("when NotifyUrl is no URL: %j", (url) => {
    expect(stopping(() => receiverOf({ NotifyUrl: url }))).toBe(
      "CALLERS[0]: NotifyUrl must be a URL that begins with https://",
    );
  });

  test.each([
    ["https://hooks.exämple.com/", "send hooks.xn--exmple-cua.com in its place"],
    ["https://h%6fks.example.com/", "send hoks.example.com in its place"],
    ["https://hooks!.example.com/", "has a host with characters other than"],
    ["https://hooks.example.com;.evil.example/", "has a host with characters other than"],
  ])("when NotifyUrl's host is read differently by parsers: %s", (url, why) => {
    const message = stopping(() => receiverOf({ NotifyUrl: url }));
    expect(message).toMatch(/^CALLERS\[0\]: NotifyUrl has a host/);
    expect(message).toContain(why);
  });

  test.each(["https://mallory@hooks.example.com/", "https://mallory:pw@hooks.example.com/"])(
    "when NotifyUrl holds a password: %s",
    (url) => {
      const message = stopping(() => receiverOf({ NotifyUrl: url }));
      expect(message).toContain("CALLERS[0]: NotifyUrl carries a user name or password");
      expect(message).not.toMatch(/mallory|pw/);
    },
  );

  test.each([
    "https://localhost/",
    "https://localhost./",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://10.0.0.4/",
    "https://169.254.169.254/",
    "https://metadata.tencentyun.com/",
    "https://db.internal/",
    "https://intranet/",
  ])("when NotifyUrl leads into a private network: %s", (url) => {
    expect(stopping(() => receiverOf({ NotifyUrl: url }))).toBe(
      "CALLERS[0]: NotifyUrl points to a loopback, link-local or private host: set ALLOW_PRIVATE_NOTIFY_HOSTS if that is intended",
    );
    expect(receiverOf({ NotifyUrl: url }, "on")?.url).toBe(url);
  });

  test.each([
    ["no whsec_ before it", randomBytes(32).toString("base64")],
    ["another prefix", `whpk_${randomBytes(32).toString("base64")}`],
    ["23 bytes", secretOf(23)],
    ["65 bytes", secretOf(65)],
    ["base64 for URLs", `whsec_${"-_".repeat(20)}`],
    ["base64 cut short", `whsec_${"A".repeat(41)}`],
    ["bits that count for nothing", `whsec_${"A".repeat(42)}B=`],
    ["a line's end", `${secretOf(32)}\n`],
  ])("when a secret has %s", (_, secret) => {
    const message = stopping(() => receiverOf({ NotifySecrets: [secretOf(32), secret] }));
    expect(message).toMatch(
      /^CALLERS\[0\]: NotifySecrets\[1\] (must be whsec_|has the wrong form|is too)/,
    );
    expect(message).not.toContain(secret.slice(-20));
  });

  test("when a secret is empty after whsec_", () => {
    expect(stopping(() => receiverOf({ NotifySecrets: ["whsec_"] }))).toContain(
      "has the wrong form",
    );
  });

  test("when a switch for plain http or private hosts is neither true nor false", () => {
    const url = "http://127.0.0.1:8080/";
    expect(receiverOf({ NotifyUrl: url }, "on")?.url).toBe(url);
    expect(stopping(() => receiverOf({ NotifyUrl: url }, "maybe"))).toBe(
      "ALLOW_PRIVATE_NOTIFY_HOSTS must be on or off",
    );
    expect(stopping(() => receiverOf({ NotifyUrl: "gopher://a.example/" }, "on"))).toBe(
      "CALLERS[0]: NotifyUrl must be a URL that begins with https:// or http://",
    );
  });
});
