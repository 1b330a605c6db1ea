/** A byte-order mark before JSON is not an error. HTTP and each envelope accept it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type TestApp, startTestApp, SECRET_ID } from "../support/app/test-app.js";
import { deadLettersOf, QUEUE, send, startAction } from "../support/http/cloud-events.js";

let app: TestApp;
beforeAll(async () => {
  const sources = ["ckafka:ingests", "cmq:ingests", QUEUE, "cloudevents:local.app"];
  const EVENT_CALLERS = JSON.stringify(sources.map((Source) => ({ Source, Caller: SECRET_ID })));
  app = await startTestApp({ env: { EVENT_CALLERS } });
});
afterAll(() => app.close());

const MARK = "\ufeff";
let messages = 0;
const body = () => {
  messages += 1;
  return MARK + JSON.stringify(startAction(app, { RoomId: `room-${messages}` }));
};

const ckafka = (msgBody: string) => ({
  Records: [{ Ckafka: { topic: "ingests", Partition: 0, offset: messages, msgBody } }],
});
const cmq = (msgBody: string) => ({
  Records: [{ CMQ: { type: "topic", topicName: "ingests", msgId: `m${messages}`, msgBody } }],
});
const sqs = (text: string) => ({
  Records: [
    { eventSource: "aws:sqs", eventSourceARN: QUEUE, messageId: `m${messages}`, body: text },
  ],
});
const sns = (Message: string) =>
  sqs(MARK + JSON.stringify({ Type: "Notification", MessageId: `n${messages}`, Message }));
const cloudEvent = (fields: object) => ({
  specversion: "1.0",
  id: `c${messages}`,
  type: "start",
  source: "local.app",
  ...fields,
});
const bridged = (text: string) =>
  sqs(
    MARK +
      JSON.stringify({
        id: `b${messages}`,
        source: "local.app",
        "detail-type": "start",
        detail: JSON.parse(text.slice(1)) as object,
      }),
  );

test.each<[string, (text: string) => unknown]>([
  ["CKafka", ckafka],
  ["CMQ", cmq],
  ["SQS", sqs],
  ["SNS to SQS, with two marks", sns],
  ["EventBridge to SQS", bridged],
  ["CloudEvents", (data) => cloudEvent({ data })],
  ["CloudEvents by a connector", (msgBody) => cloudEvent({ data: { msgBody } })],
  [
    "CloudEvents in base64",
    (text) => cloudEvent({ data_base64: Buffer.from(text).toString("base64") }),
  ],
])("a message may begin with a byte order mark: %s", async (_, event) => {
  expect(await send(app, event(body()))).not.toHaveProperty("batchItemFailures.0");
  expect(await deadLettersOf(app)).toEqual([]);
  const rows = await app.database.query("select state from ingest where room_id = $1", [
    `room-${messages}`,
  ]);
  expect(rows).toEqual([{ state: "running" }]);
});

test("a message about a stored object in a queue may begin with a byte order mark", async () => {
  const none = { Records: [{ eventSource: "aws:s3", eventName: "ObjectRemoved:Delete" }] };
  await send(app, sqs(MARK + JSON.stringify(none)));
  await send(app, sqs(MARK + JSON.stringify({ Event: "s3:TestEvent" })));
  expect(await deadLettersOf(app)).toEqual([]);
});
