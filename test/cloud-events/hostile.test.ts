/** Hostile events: no crash, no change and no leak. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { readEvent } from "../../shared/cloud-events/envelopes/read-event.js";
import { UnknownEventError } from "../../shared/cloud-events/envelopes/unknown-event.js";
import { askedOf, checkedMessage } from "../../shared/cloud-events/call.js";
import { ApiError } from "../../shared/contract/errors.js";
import {
  FIXTURES,
  fixture,
  deadLettersOf,
  send,
  sqs,
  stateOf,
} from "../support/http/cloud-events.js";
import { openTestPostgres } from "../support/database/databases.js";
import { type TestApp, startTestApp } from "../support/app/test-app.js";
import fc, { cases } from "../support/properties.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ database: await openTestPostgres() });
});
afterAll(() => app.close());

/**
 * The function's view of an event before it acts: `unknown`, or the outcome of each message. Any
 * other error is a crash, and fails the test.
 */
function judge(event: unknown): string[] {
  let messages;
  try {
    ({ messages } = readEvent(event));
  } catch (error) {
    if (error instanceof UnknownEventError) return ["unknown"];
    throw error;
  }
  return messages.map((message) => {
    try {
      expect(message.source).not.toContain("\n");
      const asked = askedOf(app.services, message);
      if (!asked) return "ignored";
      checkedMessage(app.services, { message, asked }, { timeLeftMs: () => 20_000 });
      return "fits";
    } catch (error) {
      if (error instanceof ApiError) return error.retry ? `may come again: ${error.code}` : "dead";
      throw error;
    }
  });
}

/** Values that often break parsers, and any JSON. */
const odd = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  fc.constantFrom<unknown>(
    ...[null, undefined, "", "\0", "\ud800", "%E0%A4%A", "../..", "__proto__", "constructor"],
    ...[-1, 1e400, Number.NaN, 2 ** 53, true, [], {}, [[]], "x".repeat(70_000)],
    ...['{"__proto__":{"Action":"StartStreamIngest"}}', '{"Action":["StartStreamIngest"]}'],
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);

/** A fixture with another value, or no value, in one place. */
const bent = fc
  .tuple(fc.constantFrom(...FIXTURES), fc.nat(), fc.option(odd, { nil: undefined }))
  .map(([name, place, value]) => {
    const event = fixture(name, app);
    bend(event, place, value);
    return event;
  });

/** The same change within the text of a queued message from S3, SNS or EventBridge. */
const bentWithin = fc
  .tuple(
    fc.constantFrom(...FIXTURES.filter((name) => /^sqs-.*(s3|sns)/.test(name))),
    fc.nat(),
    fc.option(odd, { nil: undefined }),
  )
  .map(([name, place, value]) => {
    const event = fixture(name, app) as { Records: { body: string }[] };
    for (const record of event.Records) {
      const body = JSON.parse(record.body) as { Message?: string };
      const isPublished = body.Message !== undefined && place % 2 === 0;
      const bent: unknown = isPublished ? JSON.parse(body.Message ?? "") : body;
      bend(bent, place >> 1, value);
      record.body = JSON.stringify(isPublished ? { ...body, Message: JSON.stringify(bent) } : bent);
    }
    return event;
  });

function bend(event: unknown, place: number, value: unknown): void {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const walk = (holder: unknown) => {
    if (typeof holder !== "object" || holder === null) return;
    for (const [key, inner] of Object.entries(holder)) {
      places.push([holder as Record<string, unknown>, key]);
      walk(inner);
    }
  };
  walk(event);
  const [holder, key] = places[place % places.length] ?? [{}, ""];
  if (value === undefined) Reflect.deleteProperty(holder, key);
  else holder[key] = value;
}

const RECORD_KEYS = ["Ckafka", "CMQ", "cos", "s3", "event", "eventSource", "body", "messageId"];

/** Looks like a list of records, but is not one. */
const mixed = fc.record({
  Records: fc.array(
    fc.dictionary(
      fc.constantFrom(...RECORD_KEYS),
      fc.oneof(odd, fc.constantFrom("aws:s3", "aws:sqs")),
    ),
    { maxLength: 4 },
  ),
});

const OUTCOMES = new Set(["unknown", "ignored", "fits", "dead"]);

describe("reading an event", () => {
  test.each<[string, fc.Arbitrary<unknown>, number]>([
    ["any JSON", fc.anything({ maxDepth: 4, withNullPrototype: true }), 10_000],
    ["raw bytes", fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)), 5000],
    ["their text", fc.string({ unit: "binary", maxLength: 200 }), 5000],
    ["an envelope with something else in it", fc.constant(undefined).chain(() => bent), 15_000],
    [
      "a queue's message with something else in it",
      fc.constant(undefined).chain(() => bentWithin),
      15_000,
    ],
    ["records of mixed kinds", mixed, 10_000],
  ])("accepts or refuses %s, and never fails in another way", (_, events, numRuns) => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(events, (event) => {
        for (const outcome of judge(event)) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: cases(numRuns) },
    );
    expect([...seen.keys()].filter((outcome) => !OUTCOMES.has(outcome))).toEqual([]);
    expect(seen.size).toBeGreaterThan(0);
  });

  test("refuses too deep, too many and too large records", () => {
    let deep: unknown = "x";
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    const record = { Ckafka: { topic: "t", partition: 0, offset: 1, msgBody: "{}" } };
    for (const [event, problem] of [
      [{ Records: [{ Ckafka: deep }] }, "deeper than 32"],
      [{ Records: Array<object>(10_001).fill(record) }, "more than 10000 messages"],
      [{ Records: [{ Ckafka: Array<number>(500_001).fill(0) }] }, "more than 500000 values"],
      [{ Records: [{ Ckafka: { msgBody: "x".repeat(9_000_000) } }] }, "larger than 8 MB"],
    ] as const) {
      expect(() => readEvent(event)).toThrow(problem);
    }
  });

  test("refuses deep JSON in a message like other wrong JSON", () => {
    const msgBody = "[".repeat(30_000) + "]".repeat(30_000);
    const record = { Ckafka: { topic: "ingests", partition: 0, offset: 1, msgBody } };
    expect(judge({ Records: [record] })).toEqual(["dead"]);
    const nested = `{"Action":"StartStreamIngest","RoomId":${msgBody}}`;
    const other = { Ckafka: { ...record.Ckafka, msgBody: nested } };
    expect(judge({ Records: [other] })).toEqual(["dead"]);
    const text = `{"Records":[{"eventSource":"aws:s3","s3":${msgBody}}]}`;
    expect(judge(sqs(["deep", text]))).toEqual(["dead"]);
  });
});

describe("through the function and its database,", () => {
  const SECRET = "a-secret-that-stands-in-the-event";

  test("an event that fits no rule starts nothing, and is not logged with its content", async () => {
    const body = fc.oneof(
      odd.map((value) =>
        JSON.stringify({ Action: "StartStreamIngest", UserSig: SECRET, RoomId: value }),
      ),
      odd.map((value) => `${SECRET}${JSON.stringify(value)}`),
      odd.map((value) => JSON.stringify({ Action: value, SecretKey: SECRET })),
    );
    const records = fc.array(
      body.map((msgBody, offset = 0) => ({
        Ckafka: { topic: "ingests", partition: 0, offset, msgBody },
      })),
      { minLength: 1, maxLength: 20 },
    );
    const answers: unknown[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          records.map((Records) => ({ Records })),
          mixed,
        ),
        async (event) => {
          try {
            answers.push(await send(app, event));
          } catch (error) {
            expect(error).toBeInstanceOf(UnknownEventError);
            expect((error as Error).stack).not.toMatch(/\n\s+at /);
            answers.push(String(error));
          }
        },
      ),
      { numRuns: cases(150) },
    );
    expect(await stateOf(app)).toEqual({ rows: [], tasks: [] });
    expect((await deadLettersOf(app)).length).toBeGreaterThan(cases(100));
    const output = JSON.stringify(answers) + app.logLines.join("\n");
    expect(output).not.toContain(SECRET);
    expect(output).not.toMatch(/ {4}at |\.ts\b|relation|syntax/);
    for (const line of app.logLines) {
      expect(JSON.parse(line)).toMatchObject({ function: "cloud-event" });
      expect(line).not.toContain('"outcome":"InternalError"');
    }
  });
});
