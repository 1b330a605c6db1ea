/**
 * A batch of messages ends in the same state after repeats, shuffles and cuts, as queues make them.
 */
import { afterEach, expect, test } from "@jest/globals";
import { deadLettersOf, send, startAction, stateOf } from "../support/http/cloud-events.js";
import { openTestPostgres } from "../support/database/databases.js";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";
import fc, { cases } from "../support/properties.js";

let app: TestApp | undefined;
afterEach(() => app?.close());

/** A message's request. `at` names an earlier ingest. */
type Asked =
  | { kind: "start"; room: number }
  | { kind: "update" | "stop"; at: number }
  | { kind: "nonsense" }
  | { kind: "foreign" };

const BEFORE = 3;

const asked: fc.Arbitrary<Asked> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("start" as const), room: fc.nat(99) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("update" as const, "stop" as const),
      at: fc.nat(BEFORE - 1),
    }),
  },
  fc.constantFrom<Asked>({ kind: "nonsense" }, { kind: "foreign" }),
);

/**
 * Each ingest has one update at most. Two updates in either order give two results, and only their
 * order decides.
 */
function apart(batch: readonly Asked[]): Asked[] {
  const seen = new Set<number>();
  return batch.filter((each) => {
    if (each.kind !== "update") return true;
    const isFirst = !seen.has(each.at);
    seen.add(each.at);
    return isFirst;
  });
}

const SOURCES = ["ckafka", "sqs", "cmq"] as const;

interface Message {
  source: (typeof SOURCES)[number];
  id: number;
  body: string;
}

const recordOf = ({ source, id, body }: Message) =>
  ({
    ckafka: {
      Ckafka: { topic: "ingests", partition: 0, offset: id, msgKey: "None", msgBody: body },
    },
    sqs: {
      messageId: `m-${id}`,
      eventSource: "aws:sqs",
      body,
      eventSourceARN: "arn:aws:sqs:ap-southeast-1:123456789012:ingests",
    },
    cmq: { CMQ: { topicName: "ingests", msgId: `m-${id}`, msgBody: body, msgTag: [] } },
  })[source];

const scenario = fc
  .record({
    source: fc.constantFrom(...SOURCES),
    batch: fc.array(asked, { minLength: 1, maxLength: 6 }).map(apart),
  })
  .chain(({ source, batch }) =>
    fc.record({
      source: fc.constant(source),
      batch: fc.constant(batch),
      order: fc.shuffledSubarray([...batch.keys()], { minLength: batch.length }),
      // The cuts of the shuffled batch into deliveries, and the deliveries that repeat.
      cuts: fc.array(fc.boolean(), { minLength: batch.length, maxLength: batch.length }),
      again: fc.array(fc.boolean(), { minLength: batch.length, maxLength: batch.length }),
    }),
  );

test("each batch, shuffled, cut and delivered twice, leads to the same ingests", async () => {
  const open = await startTestApp({
    database: await openTestPostgres(),
    // Each run starts as many as TRTC accepts in a second. This test does not cover its throttle.
    emulator: { switches: { callsPerSecond: 100_000 } },
  });
  app = open;
  const { database } = open;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ source, batch, order, cuts, again }) => {
      const deliver = async (events: (readonly number[])[]) => {
        await database.query("truncate ingest, dead_letter, used_signature, call_slot");
        const tasks = await Promise.all(
          [...Array(BEFORE).keys()].map((room) => started(open, room)),
        );
        const messages = batch.map((each, id) => ({ source, id, body: bodyOf(open, each, tasks) }));
        for (const ids of events) {
          const records = ids.flatMap((id) => messages[id] ?? []).map(recordOf);
          await send(open, { Records: records });
        }
        const { rows } = await stateOf(open);
        const deadLetters = (await deadLettersOf(open)).map(({ code }) => code);
        const kept = deadLetters.filter((code) => code !== "FailedOperation.TaskNotExist").sort();
        // An update after a stop has no effect, so an ended row's volume does not matter.
        const states = rows.map(({ state, volume, client_token: _, ...row }) => ({
          ...row,
          state,
          volume: state === "ended" ? null : volume,
        }));
        return { states, kept };
      };
      const all = [...batch.keys()];
      const once = await deliver([all]);
      const events = cutUp(order, cuts);
      const repeated = events.flatMap((event, index) => (again[index] ? [event, event] : [event]));
      expect(await deliver([...repeated, all])).toEqual(once);
    }),
    { numRuns: cases(60) },
  );
});

async function started(open: TestApp, room: number): Promise<string> {
  const request = { SdkAppId: CN_APP, RoomId: `before-${room}`, RoomIdType: 0 };
  const media = { StreamUrl: open.clip, RepeatNum: -1, Volume: 100 };
  const { response } = await open.post("start-ingest", { ...request, ...media });
  return String(response["TaskId"]);
}

function bodyOf(open: TestApp, each: Asked, tasks: readonly string[]): string {
  switch (each.kind) {
    case "start":
      return JSON.stringify(startAction(open, { RoomId: `room-${each.room}` }));
    case "update":
      return JSON.stringify({ Action: "UpdateStreamIngest", TaskId: tasks[each.at], Volume: 7 });
    case "stop":
      return JSON.stringify({ Action: "StopStreamIngest", TaskId: tasks[each.at] });
    case "foreign":
      return JSON.stringify(startAction(open, { SdkAppId: 1 }));
    case "nonsense":
      return "nonsense";
  }
}

function cutUp(order: readonly number[], cuts: readonly boolean[]): number[][] {
  const events: number[][] = [[]];
  order.forEach((id, index) => {
    if (cuts[index] === true && events.at(-1)?.length !== 0) events.push([]);
    events.at(-1)?.push(id);
  });
  return events;
}
