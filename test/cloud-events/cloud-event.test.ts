/** Every event that a provider documents, through the real function to TRTC and back. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { LOCAL_SOURCES } from "../../local/environment/local-environment.js";
import { openTestPostgres } from "../support/database/databases.js";
import { FIXTURES, fixture, deadLettersOf, send, stateOf } from "../support/http/cloud-events.js";
import { CN_APP, type TestApp, startTestApp, SECRET_ID } from "../support/app/test-app.js";

const { sqs, ckafka, cmq, cloudevents, eventbridge } = LOCAL_SOURCES;

/** The sources of a local run, and the ones that it lacks. */
const EVENT_CALLERS = [
  ...[sqs, `ckafka:${ckafka}`, `cmq:${cmq}`, `eventbridge:${eventbridge}`],
  ...[`cloudevents:${cloudevents}`, `${sqs}.fifo`],
  "cloudevents:tdmq.cloud.tencent/persistent://1250000000/live/ingests",
].map((Source) => ({ Source, Caller: SECRET_ID }));

let app: TestApp;
beforeEach(async () => {
  const env = { EVENT_CALLERS: JSON.stringify(EVENT_CALLERS) };
  app = await startTestApp({ env, database: await openTestPostgres() });
});
afterEach(() => app.close());

const SQS_DONE = { batchItemFailures: [] };

/** The result of each event: the answer, the rooms that play and the dead letters. */
const STARTS: Record<string, { rooms: string[]; counts?: object; dead?: string[] }> = {
  "cos-created": { rooms: ["clip"] },
  "s3-created": { rooms: ["clip"] },
  "eventbridge-s3-created": { rooms: ["clip"] },
  "ckafka-start": { rooms: ["kafka-1", "kafka-2"] },
  "ckafka-bad-message": { rooms: ["kafka-3"], dead: ["InvalidParameter.BodyParamsError"] },
  "cmq-start": { rooms: ["cmq-1"] },
  "sqs-start": { rooms: ["sqs-1", "sqs-2"], counts: SQS_DONE },
  "sqs-bad-message": {
    rooms: ["sqs-3"],
    counts: SQS_DONE,
    dead: ["InvalidParameter.BodyParamsError"],
  },
  "eventbridge-start": { rooms: ["eb-1"] },
  "cloudevents-start": { rooms: ["ce-1"] },
  "eventbridge-batch-start": { rooms: ["eb-2", "eb-3"] },
  "cloudevents-batch-start": { rooms: ["ce-2", "ce-3"] },
  "cloudevents-tdmq-start": { rooms: ["tdmq-1"] },
  "cloudevents-tdmq-old-spelling": { rooms: ["tdmq-2"] },
  "sqs-s3-created": { rooms: ["clip"], counts: SQS_DONE },
  "sqs-sns-s3-created": { rooms: ["clip"], counts: SQS_DONE },
  "sqs-eventbridge-s3-created": { rooms: ["clip"], counts: SQS_DONE },
  "sqs-sns-start": { rooms: ["sns-1"], counts: SQS_DONE },
  "sqs-fifo-start": { rooms: ["fifo-1", "fifo-2"], counts: SQS_DONE },
  // TRTC allows no such room name, so the rule needs another RoomId.
  "cos-created-non-ascii": { rooms: [], dead: ["InvalidParameter.StrRoomId"] },
  "s3-created-non-ascii": { rooms: [], dead: ["InvalidParameter.StrRoomId"] },
};

const ABOUT_ONE = /-(stop|update)$/;
const NOTHING = /-(removed|deleted|folder|test-event)$/;

describe("an event that starts something", () => {
  test.each(Object.entries(STARTS))("%s", async (name, { rooms, counts, dead = [] }) => {
    const event = fixture(name, app);
    const messages = rooms.length + dead.length;
    const expected = counts ?? {
      messages,
      done: rooms.length,
      ignored: 0,
      dead: dead.length,
      later: 0,
    };
    expect(await send(app, event)).toEqual(expected);
    const first = await stateOf(app);
    expect(first.tasks).toEqual(rooms.map((room) => `${room} playing`));
    expect((await deadLettersOf(app)).map(({ code }) => code)).toEqual(dead);
    // A second delivery starts nothing new.
    expect(await send(app, event)).toEqual(expected);
    expect(await stateOf(app)).toEqual(first);
    expect((await deadLettersOf(app)).map(({ attempts }) => attempts)).toEqual(dead.map(() => 2));
  });
});

describe("an event that updates or stops an ingest", () => {
  test.each(FIXTURES.filter((name) => ABOUT_ONE.test(name)))("%s", async (name) => {
    const request = { SdkAppId: CN_APP, RoomId: "r", RoomIdType: 0, StreamUrl: app.clip };
    const { response } = await app.post("start-ingest", { ...request, RepeatNum: -1 });
    const event = fixture(name, app, String(response["TaskId"]));
    await send(app, event);
    const first = await stateOf(app);
    const isStop = name.endsWith("-stop");
    expect(first.tasks).toEqual([isStop ? "r ended" : "r playing"]);
    // The second of two updates takes effect.
    const row = isStop ? { state: "ended", end_reason: "stopped" } : { volume: "30" };
    expect(first.rows[0]).toMatchObject(row);
    await send(app, event);
    expect(await stateOf(app)).toEqual(first);
    expect(await deadLettersOf(app)).toEqual([]);
  });
});

describe("an event without a request", () => {
  test.each(FIXTURES.filter((name) => NOTHING.test(name)))("%s", async (name) => {
    const ignored = name.endsWith("-folder") ? 1 : 0;
    const counts = name.startsWith("sqs-")
      ? SQS_DONE
      : { messages: ignored, done: 0, ignored, dead: 0, later: 0 };
    expect(await send(app, fixture(name, app))).toEqual(counts);
    expect(await stateOf(app)).toEqual({ rows: [], tasks: [] });
    expect(await deadLettersOf(app)).toEqual([]);
  });
});

test("every fixture is used in one of these tests", () => {
  const named = FIXTURES.filter((name) => ABOUT_ONE.test(name) || NOTHING.test(name));
  expect([...named, ...Object.keys(STARTS)].sort()).toEqual([...FIXTURES].sort());
  expect(FIXTURES.length).toBeGreaterThan(20);
});

test("an object that arrives through several services is one message", async () => {
  const direct = fixture("s3-created", app) as {
    Records: [{ s3: { object: { sequencer: string } } }];
  };
  direct.Records[0].s3.object.sequencer = "617f08299329d189";
  await send(app, direct);
  await send(app, fixture("eventbridge-s3-created", app));
  await send(app, fixture("sqs-eventbridge-s3-created", app));
  expect((await stateOf(app)).tasks).toEqual(["clip playing"]);
});
