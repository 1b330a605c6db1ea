/** Keys of stored objects, as each storage writes them in its events, and their URLs. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { addMs, MINUTE_MS, SECOND_MS, systemClock } from "../../shared/clock.js";
import { streamUrlOf } from "../../shared/cloud-events/stream-url.js";
import type { EventObject } from "../../shared/cloud-events/message.js";
import { playOfTask } from "../../shared/ingest/start/presign.js";
import type { Services } from "../../shared/ingest/services.js";
import { readEvent } from "../../shared/cloud-events/envelopes/read-event.js";
import { verifyCosUrl, verifyS3Url } from "../support/http/verify-presigned.js";
import { readConfig } from "../../shared/config/configuration.js";
import type { Rule } from "../../shared/config/event-rules.js";
import { SECRET_ID } from "../support/app/test-app.js";

const text = (name: string) =>
  readFileSync(new URL(`../fixtures/events/${name}.json`, import.meta.url), "utf8");

/** Reads the key from an event that writes it in this way. */
function keyIn(fixture: string, written: string): string | undefined {
  const event: unknown = JSON.parse(text(fixture).replaceAll("clip.mp4", () => written));
  const content = readEvent(event).messages[0]?.content;
  return content?.kind === "object" ? content.object.key : undefined;
}

/** Amazon S3 writes a key with form encoding, but keeps the slashes. */
const S3_WRITTEN: [written: string, key: string][] = [
  ["a+b.mp4", "a b.mp4"],
  ["a%2Bb.mp4", "a+b.mp4"],
  ["a%20b.mp4", "a b.mp4"],
  ["a%252Bb.mp4", "a%2Bb.mp4"],
  ["in/%E7%94%B5+%E5%BD%B1.mp4", "in/电 影.mp4"],
  ["100%25+%26+more%3D1.mp4", "100% & more=1.mp4"],
  ["%28a%29%21%27%2A~.mp4", "(a)!'*~.mp4"],
];

describe("a key of S3", () => {
  test.each(S3_WRITTEN)("that is written %s is %s", (written, key) => {
    expect(keyIn("s3-created", written)).toBe(key);
  });

  test("is refused in a wrong encoding", () => {
    expect(keyIn("s3-created", "50%.mp4")).toBeUndefined();
  });

  test.each(["a+b.mp4", "a b.mp4", "a%2Bb.mp4"])(
    "in an event of EventBridge is read unchanged: %s",
    (key) => {
      expect(keyIn("eventbridge-s3-created", key)).toBe(key);
    },
  );
});

describe.each([
  ["cos", verifyCosUrl, 1],
  ["s3", verifyS3Url, 0],
] as const)("the presigned URL of an object on %s", (storage, verify, behindMinutes) => {
  const keys = { secretId: "AKIDstorage", secretKey: "the-storage-secret", token: undefined };
  const config = readConfig(localEnvironment({}, "http://127.0.0.1:1"));
  const now = new Date("2026-11-25T12:00:00Z");
  const clock = { ...systemClock, now: () => now };
  const services = {
    config,
    randomBytes,
    clock,
    machineClock: clock,
    storageCredential: () => keys,
  } as unknown as Services;
  const caller = config.callers.get(SECRET_ID);
  /** The URL that TRTC gets, for an ingest with this latest deadline. */
  const urlOf = (key: string, latestMinutes = 60) => {
    if (!caller) throw new Error("there is no caller");
    const object: EventObject = {
      storage,
      bucket: "media-1250000000",
      region: "ap-guangzhou",
      key,
    };
    const rule: Rule = { Bucket: object.bucket, Caller: SECRET_ID, RoomId: "r", Account: "a" };
    const { StreamUrl, source } = streamUrlOf(services, { caller, rule, object });
    const play = { StreamUrl, ...(source ? { Stored: source } : {}) };
    return playOfTask(services, play, addMs(now, latestMinutes * MINUTE_MS)).StreamUrl;
  };

  test.each([
    "a b.mp4",
    "a+b.mp4",
    "a%2Bb.mp4",
    "in/电 影.mp4",
    "100% & more=1.mp4",
    "(a)!'*~.mp4",
  ])("has the key %s in its path", (key) => {
    const url = urlOf(key);
    expect(decodeURIComponent(new URL(url).pathname)).toBe(`/${key}`);
    expect(verify(url, keys.secretKey, now)).toEqual({ ok: true });
  });

  test(`is good on a storage's clock that is ${behindMinutes} min behind, and no longer`, () => {
    const url = urlOf("clip.mp4");
    const first = addMs(now, -behindMinutes * MINUTE_MS);
    expect(verify(url, keys.secretKey, first)).toEqual({ ok: true });
    expect(verify(url, keys.secretKey, addMs(first, -SECOND_MS))).toMatchObject({ ok: false });
  });

  test("is valid until a quarter of an hour after the latest deadline, and no longer", () => {
    const url = urlOf("clip.mp4", 20);
    const last = addMs(now, 35 * MINUTE_MS);
    expect(verify(url, keys.secretKey, last)).toEqual({ ok: true });
    expect(verify(url, keys.secretKey, addMs(last, SECOND_MS))).toMatchObject({ ok: false });
  });
});
