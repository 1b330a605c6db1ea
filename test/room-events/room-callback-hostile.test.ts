/** Tens of thousands of forged callbacks: no crash, no change and no leak. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock } from "../../shared/clock.js";
import { readCallbackBody } from "../../shared/runtime/callback/callback-body.js";
import { signCallback } from "../../shared/signing/trtc/callback.js";
import { localCallbackKey } from "../../local/environment/local-environment.js";
import {
  answerTo,
  callbackEvent,
  callbackHeaders,
  memoryOf,
  recordedBody,
  source,
} from "../support/http/callbacks.js";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";
import fc, { cases } from "../support/properties.js";

const RECORDED = [
  ...["ingest-started", "ingest-stopped", "room-created"],
  ...["room-dismissed", "user-entered", "video-stopped"],
].map(recordedBody);

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** The text contains no stack, no key and no database message. */
const isDiscreet = (text: string): boolean =>
  text.length < 500 &&
  !/ {4}at |\.ts:|relation|syntax|undefined/.test(text) &&
  !text.includes(localCallbackKey(CN_APP));

const anyEvent = fc.oneof(
  fc.anything(),
  fc.record(
    {
      httpMethod: fc.oneof(fc.constant("POST"), fc.string(), fc.anything()),
      headers: fc.oneof(
        fc.anything(),
        fc.record({
          SdkAppId: fc.oneof(fc.constant(String(CN_APP)), fc.string(), fc.anything()),
          Sign: fc.oneof(fc.string(), fc.base64String(), fc.anything()),
        }),
      ),
      body: fc.oneof(fc.string({ unit: "binary" }), fc.anything(), fc.json()),
      isBase64Encoded: fc.oneof(fc.boolean(), fc.anything()),
    },
    { requiredKeys: [] },
  ),
);

test("thousands of events and bodies without a right signature are refused", async () => {
  const before = await memoryOf(app);
  const from = app.logLines.length;
  await fc.assert(
    fc.asyncProperty(anyEvent, async (event) => {
      const { status, text } = await answerTo(app.services, event);
      expect([400, 401, 405, 413]).toContain(status);
      expect(isDiscreet(text)).toBe(true);
    }),
    { numRuns: cases(20_000) },
  );
  expect(await memoryOf(app)).toEqual(before);
  const lines = app.logLines.slice(from);
  expect(lines.length).toBeGreaterThanOrEqual(cases(20_000));
  expect(lines.filter((line) => !isDiscreet(line))).toEqual([]);
});

test("bodies with one changed byte and their old signature are refused", async () => {
  const before = await memoryOf(app);
  const news = source("a task", 0, systemClock.now());
  const sign = signCallback(localCallbackKey(CN_APP), news);
  const headers = callbackHeaders(news, { sign });
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: news.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const body = Buffer.from(news);
        body.writeUInt8(body.readUInt8(at) ^ change, at);
        const event = { ...callbackEvent(news), headers, isBase64Encoded: true };
        const answer = await answerTo(app.services, { ...event, body: body.toString("base64") });
        expect(answer.status).toBe(401);
      },
    ),
    { numRuns: cases(10_000) },
  );
  expect(await memoryOf(app)).toEqual(before);
});

const scalars = fc.oneof(
  ...[
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.integer(),
    fc.bigInt().map(String),
  ],
  ...[fc.boolean(), fc.constant(null), fc.constant("\0"), fc.constantFrom(101, 102, 103, 104)],
  fc.constantFrom(701, 702, "701", "702", 1e308, -1, Number.MAX_SAFE_INTEGER),
);

/** Bodies in TRTC's shape, with any value in any place. */
const shaped = fc.record(
  {
    EventGroupId: scalars,
    EventType: scalars,
    CallbackTs: fc.oneof(scalars, fc.constant(Date.parse("2026-01-01"))),
    CallbackMsTs: fc.oneof(scalars, fc.constant(Date.parse("2026-01-01"))),
    EventInfo: fc.oneof(
      fc.anything(),
      fc.record(
        {
          RoomId: scalars,
          UserId: scalars,
          TaskId: scalars,
          Status: scalars,
          EventMsTs: fc.oneof(scalars, fc.constant(Date.parse("2026-01-01"))),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
);

test("reading any body never throws, and its result can be stored", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
    shaped.map((body) => Buffer.from(JSON.stringify(body))),
    fc
      .tuple(fc.constantFrom(...RECORDED), fc.nat({ max: 400 }), fc.nat({ max: 255 }))
      .map(([body, at, byte]) => {
        const changed = Buffer.from(body);
        changed.writeUInt8(byte, at % changed.length);
        return changed;
      }),
  );
  fc.assert(
    fc.property(bytes, (body) => {
      const read = readCallbackBody(CN_APP, body);
      if (!read) return;
      expect(() => read.sentAt.toISOString()).not.toThrow();
      const { event } = read;
      if (!event) return;
      expect(Math.abs(event.eventAt.getTime() - read.sentAt.getTime())).toBeLessThan(86_400_000);
      for (const text of Object.values(event))
        expect(text).not.toEqual(expect.stringContaining("\0"));
    }),
    { numRuns: cases(30_000) },
  );
});

test("signed bodies with any value at any place are all answered with code 0", async () => {
  const now = systemClock.now();
  await fc.assert(
    fc.asyncProperty(shaped, fc.integer({ min: -9, max: 9 }), async (body, seconds) => {
      const ms = addMs(now, seconds * SECOND_MS).getTime();
      const info = typeof body.EventInfo === "object" ? body.EventInfo : {};
      const timely = {
        ...body,
        CallbackTs: ms,
        CallbackMsTs: ms,
        EventInfo: { ...info, EventMsTs: ms },
      };
      const bytes = Buffer.from(JSON.stringify(timely));
      const answer = await answerTo(app.services, callbackEvent(bytes));
      expect(answer).toEqual({ status: 200, text: '{"code":0}' });
    }),
    { numRuns: cases(2_000) },
  );
  expect(await app.database.query("select * from ingest")).toEqual([]);
});
