/** Outcomes of messages with problems: refused, delayed, repeated, out of order. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { invoke } from "../../server/platform.js";
import { DEFAULT_ACCOUNTS, DEFAULT_SECRET_ID } from "../../emulator/defaults.js";
import { addMs, SECOND_MS } from "../../shared/clock.js";
import { verifyCosUrl, verifyS3Url } from "../support/http/verify-presigned.js";
import {
  type Batch,
  ckafka,
  fixture,
  deadLettersOf,
  QUEUE,
  send,
  sendWith,
  sqs,
  startAction,
  stateOf,
} from "../support/http/cloud-events.js";
import { openTestPostgres } from "../support/database/databases.js";
import {
  CN_APP,
  type TestApp,
  INTL_APP,
  startTestApp,
  SECRET_ID,
} from "../support/app/test-app.js";

const EVENT_CALLERS = ["ckafka:ingests", QUEUE, `${QUEUE}.fifo`, "cloudevents:local.app"].map(
  (Source) => ({
    Source,
    Caller: SECRET_ID,
  }),
);

const CALLERS = [
  {
    Id: SECRET_ID,
    SecretKeys: ["local-secret-key"],
    SdkAppIds: [CN_APP],
    RoomPattern: "room.*",
    MaxDuration: 30,
  },
];

const RULE = { Caller: SECRET_ID, RoomId: "room", RoomIdType: 0, RepeatNum: -1 };

const RULES = [
  { ...RULE, Bucket: "media-1250000000", MaxDuration: 20, Account: "storage" },
  { ...RULE, Bucket: "media", Account: "storage" },
];

const STORAGE = { Account: "storage", SecretId: "AKIDstorage", SecretKey: "the-storage-secret" };

async function open(more: Record<string, string> = {}): Promise<TestApp> {
  const SecretKey = DEFAULT_ACCOUNTS[DEFAULT_SECRET_ID]?.secretKey;
  const local = { Account: "cn", SecretId: DEFAULT_SECRET_ID, SecretKey };
  const env = {
    EVENT_CALLERS: JSON.stringify(EVENT_CALLERS),
    CALLERS: JSON.stringify(CALLERS),
    RULES: JSON.stringify(RULES),
    TRTC_ACCOUNTS: JSON.stringify([local, STORAGE]),
    TRTC_TIMEOUT_SECONDS: "5",
    ...more,
  };
  return startTestApp({ env, database: await openTestPostgres() });
}

let app: TestApp;
beforeEach(async () => {
  app = await open();
});
afterEach(() => app.close());

const action = (fields: object = {}) => startAction(app, fields);
const starts = () => app.trtc.calls("StartStreamIngest");
const codes = async () => (await deadLettersOf(app)).map(({ code }) => code);

describe("a message that can never work is not repeated, and becomes a dead letter:", () => {
  test.each<[what: string, body: () => unknown, code: string]>([
    ["no JSON", () => "{", "InvalidParameter.BodyParamsError"],
    ["JSON of another kind", () => "[1]", "InvalidParameter.BodyParamsError"],
    ["no action", () => ({}), "InvalidAction"],
    ["an action that asks", () => ({ Action: "DescribeStreamIngest" }), "InvalidAction"],
    ["a field that is none", () => action({ Rooom: "x" }), "UnknownParameter"],
    ["a value out of range", () => action({ Volume: 999 }), "InvalidParameter.OutOfRange"],
    ["another version", () => action({ Version: "2017-01-01" }), "NoSuchVersion"],
    ["a region with no stop", () => action({ Region: "ap-tokyo" }), "UnsupportedRegion"],
    [
      "another's application",
      () => action({ SdkAppId: INTL_APP }),
      "UnauthorizedOperation.SdkAppId",
    ],
    ["a room out of the grant", () => action({ RoomId: "other" }), "UnauthorizedOperation"],
    ["a URL that is none", () => action({ StreamUrl: "file:///x" }), "InvalidParameter.StreamUrl"],
    [
      "an ingest that is not there",
      () => ({ Action: "StopStreamIngest", TaskId: "ing-x" }),
      "FailedOperation.TaskNotExist",
    ],
    ["64 kB", () => action({ UserId: "x".repeat(70_000) }), "InvalidRequest"],
  ])("%s", async (_, body, code) => {
    const counts = { messages: 1, done: 0, ignored: 0, dead: 1, later: 0 };
    expect(await send(app, ckafka(body()))).toEqual(counts);
    expect(await codes()).toEqual([code]);
    expect(starts()).toBe(0);
    expect((await stateOf(app)).rows).toEqual([]);
  });

  test("a source without a caller, with any message", async () => {
    const event = ckafka(action({ Caller: SECRET_ID }));
    (event.Records[0] as { Ckafka: { topic: string } }).Ckafka.topic = "other";
    await send(app, event);
    expect(await codes()).toEqual(["UnauthorizedOperation"]);
  });

  test("a refusal by TRTC itself", async () => {
    const fault = {
      action: "StartStreamIngest",
      kind: "error",
      code: "FailedOperation.NotAllowed",
    };
    await fetch(`${app.trtcUrl}/_emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...fault, times: 1 }),
    });
    await send(app, ckafka(action()));
    expect(await codes()).toEqual(["FailedOperation.NotAllowed"]);
  });
});

describe("a dead letter", () => {
  test("holds no signed text, and the log holds no part of the message", async () => {
    const secrets = [
      "eJw-signed-text-of-a-robot-which-nobody-may-read",
      "a-signed-permission-of-it",
    ];
    const [UserSig, PrivateMapKey] = secrets;
    await send(app, ckafka(action({ RoomId: "other", UserId: "u", UserSig, PrivateMapKey })));
    await send(app, ckafka(`not json ${secrets.join(" ")}`));
    // A misspelled name, a nested field, and a place within a text.
    const within = { UserSig, PrivateMapKey };
    await send(app, ckafka(action({ userSig: UserSig, privateMapKey: PrivateMapKey })));
    await send(app, ckafka(action({ RoomId: "other", UserId: JSON.stringify(within) })));
    await send(app, ckafka(JSON.stringify(JSON.stringify(within))));
    await send(app, ckafka({ Message: JSON.stringify(within), SecretKey: secrets[0] }));
    expect(await deadLettersOf(app)).toHaveLength(6);
    const kept = JSON.stringify(await deadLettersOf(app));
    for (const secret of secrets) expect(kept + app.logLines.join()).not.toContain(secret);
    expect(app.logLines.join()).not.toContain("other");
    expect(JSON.parse(app.logLines[0] ?? "")).toMatchObject({
      level: "warn",
      function: "cloud-event",
      action: "StartStreamIngest",
      caller: SECRET_ID,
      outcome: "UnauthorizedOperation",
      detail: expect.stringMatching(/^dead letter \w{20}$/),
    });
  });

  test("may hold text that PostgreSQL cannot store", async () => {
    await send(app, ckafka('{"Action":"\\u0000\\ud800"}', `"\0 \udfff`));
    expect(await codes()).toEqual(["InvalidAction", "InvalidParameter.BodyParamsError"].sort());
  });
});

describe("a message that may work later is delivered again:", () => {
  test("a queue's batch by an error, and its finished messages start nothing twice", async () => {
    app.trtc.next("StartStreamIngest", "lose-request");
    const event = ckafka(action({ RoomId: "room-1" }), action({ RoomId: "room-2" }));
    await expect(send(app, event)).rejects.toThrow(
      "1 of 2 messages could not be played now, and may be later",
    );
    expect(await codes()).toEqual([]);
    app.trtc.next("StartStreamIngest");
    // Its retry, or reconcile-ingests, completes the start without an answer.
    await invoke(app.functionNamed("reconcile-ingests"), {});
    expect(await send(app, event)).toMatchObject({ messages: 2, done: 2 });
    expect((await stateOf(app)).tasks).toEqual(["room-1 playing", "room-2 playing"]);
  });

  test("a start without TRTC's answer, whose dead letter needs no ClientToken", async () => {
    app.trtc.next("StartStreamIngest", "lose-answer");
    await expect(send(app, fixture("cos-created", app))).rejects.toThrow("1 of 1 messages");
    const [deadLetter] = await deadLettersOf(app);
    expect(deadLetter).toMatchObject({ code: "InternalError" });
    expect(deadLetter?.message).toMatch(/reconcile-ingests finds out.+delivered or replayed again/);
    expect(deadLetter?.message).not.toContain("ClientToken");
  });

  test("from SQS only the failed messages", async () => {
    app.trtc.next("StartStreamIngest", "lose-request");
    const event = sqs(["m1", action()], ["m2", "nonsense"]);
    expect(await send(app, event)).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
    expect(await codes()).toEqual(["InvalidParameter.BodyParamsError"]);
    app.trtc.next("StartStreamIngest");
    expect(await send(app, event)).toEqual({ batchItemFailures: [] });
    expect((await stateOf(app)).tasks).toEqual(["room playing"]);
  });

  test("from SQS all messages by an error, when the trigger does not read failures", async () => {
    const event = sqs(["m1", action({ RoomId: "room-1" })], ["m2", "nonsense"]);
    await expect(sendWith(app, event, 5000)).rejects.toThrow("2 of 2 messages");
    expect([starts(), await codes()]).toEqual([0, []]);
    expect(await send(app, event)).toEqual({ batchItemFailures: [] });
    expect([starts(), await codes()]).toEqual([1, ["InvalidParameter.BodyParamsError"]]);
  });

  test("from a push none, so each message has a dead letter, also one that was not begun", async () => {
    const envelope = { specversion: "1.0", type: "local", source: "local.app" };
    const EventList = ["e1", "e2"].map((id) => ({
      ...envelope,
      id,
      data: action({ RoomId: `room-${id}` }),
    }));
    const event = { EventList };
    await expect(sendWith(app, event, 5000)).rejects.toThrow("2 of 2 messages");
    const deadLetters = await deadLettersOf(app);
    expect(deadLetters.map(({ messageId, code }) => [messageId, code])).toEqual([
      ["e1", "ServiceUnavailable"],
      ["e2", "ServiceUnavailable"],
    ]);
    expect(await send(app, event)).toMatchObject({ messages: 2, done: 2 });
    const resolved = await deadLettersOf(app);
    expect(resolved.map(({ replayedAt }) => replayedAt)).toEqual([
      expect.any(Date),
      expect.any(Date),
    ]);
  });

  test("a message that is not begun for lack of time", async () => {
    await expect(sendWith(app, ckafka(action()), 7000)).rejects.toThrow("1 of 1 messages");
    expect(starts()).toBe(0);
    expect((await stateOf(app)).rows).toEqual([]);
  });

  test("a message whose dead letter cannot be stored", async () => {
    await app.database.query("alter table dead_letter rename to away");
    await expect(send(app, ckafka("nonsense"))).rejects.toThrow("1 of 1 messages");
    await app.database.query("alter table away rename to dead_letter");
    expect(await send(app, ckafka("nonsense"))).toMatchObject({ dead: 1 });
  });

  test("a pushed message, whose dead letter is kept until a repeat succeeds", async () => {
    const event = fixture("cos-created", app);
    app.trtc.next("StartStreamIngest", "throttle", "throttle", "throttle", "throttle");
    await app.database.query(
      "insert into call_slot (account, action, next_free_at) values ('cn', 'StartStreamIngest', now() + interval '1 hour')",
    );
    await expect(send(app, event)).rejects.toThrow("1 of 1 messages");
    expect(await codes()).toEqual(["RequestLimitExceeded"]);
    app.trtc.next("StartStreamIngest");
    await app.database.query("delete from call_slot");
    expect(await send(app, event)).toMatchObject({ done: 1 });
    expect((await deadLettersOf(app))[0]?.replayedAt).toBeInstanceOf(Date);
  });
});

describe("an object in a queue's message", () => {
  const RECORD = (fixture("s3-created", { clip: "" } as TestApp) as Batch).Records[0] as {
    s3: { object: object };
  };
  const stored = (key: string) => ({
    ...RECORD,
    s3: { ...RECORD.s3, object: { ...RECORD.s3.object, key } },
  });
  const deadLetters = () => deadLettersOf(app);

  test.each<[who: string, EVENT_CALLERS: object[]]>([
    ["nobody", []],
    ["another caller than its rule's", [{ Source: QUEUE, Caller: "AKIDother" }]],
  ])("matches no rule, when %s is the queue's caller", async (_, sources) => {
    await app.close();
    const other = { ...CALLERS[0], Id: "AKIDother", SecretKeys: ["another-secret-key"] };
    app = await open({
      EVENT_CALLERS: JSON.stringify(sources),
      CALLERS: JSON.stringify([...CALLERS, other]),
    });
    await send(app, sqs(["m", { Records: [stored("clip.mp4")] }]));
    expect([await codes(), starts()]).toEqual([["UnauthorizedOperation"], 0]);
    // A replay knows the original queue.
    expect((await deadLetters())[0]?.payload).toMatchObject({
      content: { object: { queue: QUEUE } },
    });
    await send(app, fixture("s3-created", app));
    expect((await stateOf(app)).tasks).toEqual(["room playing"]);
  });

  test("is delivered again with the others of its message, and starts once", async () => {
    const event = sqs(["m", { Records: ["a.mp4", "b.mp4"].map(stored) }], ["n", "nonsense"]);
    app.trtc.next("StartStreamIngest", "lose-request", "lose-request");
    const failed = { batchItemFailures: [{ itemIdentifier: "m" }] };
    expect(await send(app, event)).toEqual(failed);
    app.trtc.next("StartStreamIngest");
    expect(await send(app, event)).toEqual({ batchItemFailures: [] });
    expect(await send(app, event)).toEqual({ batchItemFailures: [] });
    expect((await stateOf(app)).tasks).toEqual(["room playing", "room playing"]);
  });

  test("does not change the dead letter of the storage's own event", async () => {
    const forged = { ...sqs(["m", { Records: [RECORD] }]) };
    const Records = forged.Records.map((record) => ({
      ...(record as object),
      eventSourceARN: `${QUEUE}-of-another`,
    }));
    await send(app, { Records });
    await app.database.query(
      "insert into call_slot (account, action, next_free_at) values ('cn', 'StartStreamIngest', now() + interval '1 hour')",
    );
    const genuine = fixture("s3-created", app);
    await expect(send(app, genuine)).rejects.toThrow("1 of 1 messages");
    await app.database.query("delete from call_slot");
    expect(await send(app, genuine)).toMatchObject({ done: 1 });
    await send(app, { Records });
    const kept = (await deadLetters()).map(({ code, attempts, replayedAt }) => [
      ...[code, attempts, replayedAt !== null],
    ]);
    expect(kept.sort()).toEqual([
      ["RequestLimitExceeded", 1, true],
      ["UnauthorizedOperation", 2, false],
    ]);
  });

  test("is one of at most ten", async () => {
    const keys = Array.from({ length: 11 }, (_, n) => `${n}.mp4`);
    expect(await send(app, sqs(["m", { Records: keys.map(stored) }]))).toEqual({
      batchItemFailures: [],
    });
    expect([await codes(), starts()]).toEqual([["InvalidRequest"], 0]);
  });
});

test("a start that its caller's grant shortens is logged with both instants", async () => {
  await send(app, ckafka(action({ RepeatNum: -1, MaxDuration: 60 })));
  await send(app, ckafka(action({ RepeatNum: -1, MaxDuration: 20 }), "of another message"));
  const lines = app.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const played = lines.filter(
    (line) => line["function"] === "cloud-event" && line["outcome"] === "ok",
  );
  expect(played.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/asked for was 20.+Z, .+ 30 minutes grants 20.+Z\.$/),
    undefined,
  ]);
});

test("a message that SNS delivers to a queue twice is one message", async () => {
  const published = {
    Type: "Notification",
    MessageId: "one",
    TopicArn: "arn:aws:sns:eu-west-1:1:t",
    Message: JSON.stringify(action()),
  };
  await send(app, sqs(["m1", published], ["m2", published]));
  expect((await stateOf(app)).tasks).toEqual(["room playing"]);
});

describe("an SQS message that has to wait holds back", () => {
  /**
   * The first message cannot work yet. The others can never work, so their outcome shows whether we
   * read them.
   */
  const lost = async (arn: string) => {
    const event = sqs(["m1", action()], ["m2", "nonsense"], ["m3", "nonsense"]);
    const Records = event.Records.map((record, index) => ({
      ...(record as object),
      eventSourceARN: arn,
      attributes: { MessageGroupId: index < 2 ? "one" : "two" },
    }));
    app.trtc.next("StartStreamIngest", "lose-request");
    const failed = (await send(app, { Records })) as { batchItemFailures: object[] };
    return [failed.batchItemFailures, (await codes()).length];
  };

  test("the messages behind it in its FIFO group, and no other group", async () => {
    const failed = ["m1", "m2"].map((itemIdentifier) => ({ itemIdentifier }));
    expect(await lost(`${QUEUE}.fifo`)).toEqual([failed, 1]);
  });

  test("no other message of a standard queue, whose groups are for fairness only", async () => {
    expect(await lost(QUEUE)).toEqual([[{ itemIdentifier: "m1" }], 2]);
  });
});

describe("a message", () => {
  test("may have its own ClientToken, which is used", async () => {
    const { response } = await app.post("start-ingest", {
      SdkAppId: CN_APP,
      RoomId: "room",
      RoomIdType: 0,
      StreamUrl: app.clip,
      RepeatNum: -1,
      MaxDuration: 5,
      ClientToken: "order-4711",
    });
    await send(app, ckafka(action({ ClientToken: "order-4711" })));
    expect(starts()).toBe(1);
    expect((await stateOf(app)).rows).toHaveLength(1);
    expect(response["TaskId"]).toBeDefined();
  });

  test("differs from one at the same place of another topic of that name", async () => {
    await send(app, ckafka(action({ RoomId: "room-1" })));
    await send(app, ckafka(action({ RoomId: "room-2" })));
    expect((await stateOf(app)).tasks).toEqual(["room-1 playing", "room-2 playing"]);
    expect(await codes()).toEqual([]);
  });

  test("differs from an equal one of another source", async () => {
    await send(app, sqs(["0/0", action()]));
    await send(app, ckafka(action()));
    expect((await stateOf(app)).tasks).toEqual(["room playing", "room playing"]);
  });
});

test("a dead letter is not replayed after the queue's repeat of it succeeded", async () => {
  await app.close();
  app = await open({ EVENT_CALLERS: "[]" });
  const { database } = app;
  const { response } = await app.post("start-ingest", {
    SdkAppId: CN_APP,
    RoomId: "room",
    RoomIdType: 0,
    StreamUrl: app.clip,
    RepeatNum: -1,
  });
  const event = ckafka({ Action: "UpdateStreamIngest", TaskId: response["TaskId"], Volume: 10 });
  await send(app, event);
  const callers = app.services.config.eventCallers as Map<string, string>;
  callers.set("ckafka:ingests", SECRET_ID);
  expect(await send(app, event)).toMatchObject({ done: 1 });
  expect(await app.services.store.deadLetters.list({ all: false, limit: 9 })).toEqual([]);
  expect(await database.query("select play ->> 'Volume' as volume from ingest")).toEqual([
    { volume: "10" },
  ]);
});

test("an object is the same start when its event comes again after its rule changed", async () => {
  await send(app, fixture("s3-created", app));
  const { config } = app.services;
  Object.assign(config, { rules: config.rules.map((rule) => ({ ...rule, Volume: 50 })) });
  expect(await send(app, fixture("s3-created", app))).toMatchObject({ done: 1 });
  expect([starts(), await codes()]).toEqual([1, []]);
});

test("the messages of one ingest stay in order, and an old update undoes no newer one", async () => {
  await send(app, ckafka(action()));
  const [row] = await app.database.query("select task_id from ingest");
  const TaskId = row?.["task_id"];
  const to = (Volume: number) => ({ Action: "UpdateStreamIngest", TaskId, Volume });
  const early = ckafka(...[10, 20, 30, 40, 50].map(to));
  await send(app, early);
  expect((await stateOf(app)).rows[0]).toMatchObject({ volume: "50" });
  await send(app, sqs(["late", to(60)]));
  await send(app, early);
  expect((await stateOf(app)).rows[0]).toMatchObject({ volume: "60" });
  await send(app, sqs(["u", to(70)], ["s", { Action: "StopStreamIngest", TaskId }]));
  expect((await stateOf(app)).tasks).toEqual(["room ended"]);
  expect(await codes()).toEqual([]);
});

describe("an object without a public URL", () => {
  const urlOf = () => String(app.trtc.bodies("StartStreamIngest").at(-1)?.["StreamUrl"]);

  test.each([
    [
      "cos-created",
      "https://media-1250000000.cos.ap-chengdu.myqcloud.com/clip.mp4?",
      verifyCosUrl,
      20,
    ],
    ["s3-created", "https://media.s3.us-west-2.amazonaws.com/clip.mp4?", verifyS3Url, 30],
    [
      "cos-created-non-ascii",
      "https://media-1250000000.cos.ap-chengdu.myqcloud.com/%E8%AF%BE%E7%A8%8B/%E7%AC%AC%201%2B2%20%E8%AF%BE.mp4?",
      verifyCosUrl,
      20,
    ],
    [
      "s3-created-non-ascii",
      "https://media.s3.us-west-2.amazonaws.com/%E8%AF%BE%E7%A8%8B/%E7%AC%AC%201%2B2%20%E8%AF%BE.mp4?",
      verifyS3Url,
      30,
    ],
  ] as const)(
    "of %s is presigned, for longer than it may play",
    async (name, address, verify, minutes) => {
      await send(app, fixture(name, app));
      const url = urlOf();
      expect(url.startsWith(address)).toBe(true);
      const [row] = await app.database.query("select deadline_at, started_at from ingest");
      const deadlineAt = row?.["deadline_at"] as Date;
      expect(deadlineAt.getTime() - (row?.["started_at"] as Date).getTime()).toBe(minutes * 60_000);
      expect(verify(url, STORAGE.SecretKey, deadlineAt)).toEqual({ ok: true });
      expect(app.logLines.join()).not.toMatch(/q-sign|X-Amz|the-storage-secret/);
    },
  );

  test("is the same request when it is presigned again", async () => {
    await send(app, fixture("cos-created", app));
    const before = urlOf();
    // Signatures count in seconds.
    const { machineClock } = app.services;
    app.services.machineClock = { now: () => addMs(machineClock.now(), 2 * SECOND_MS) };
    expect(await send(app, fixture("cos-created", app))).toMatchObject({ done: 1 });
    expect([starts(), urlOf(), await codes()]).toEqual([1, before, []]);
  });

  test.each([
    [
      "no keys",
      { RULES: JSON.stringify([{ ...RULES[0], Account: undefined }]) },
      "UnauthorizedOperation",
    ],
    [
      "a token that makes it too long",
      { TRTC_ACCOUNTS: JSON.stringify([{ ...STORAGE, Token: "t".repeat(2000) }]) },
      "InvalidParameter.StreamUrl",
    ],
    [
      "hosts that are granted, and not this",
      { CALLERS: JSON.stringify([{ ...CALLERS[0], StreamHosts: ["cdn.example.com"] }]) },
      "UnauthorizedOperation",
    ],
  ])("with %s is a dead letter", async (_, env, code) => {
    await app.close();
    app = await open(env);
    await send(app, fixture("cos-created", app));
    expect([await codes(), starts()]).toEqual([[code], 0]);
  });

  test.each(["../x.mp4", "a/../b.mp4", "./a.mp4", "a/..", "...mp4", "a/..mp4"])(
    "with the key %s is refused",
    async (key) => {
      const event = fixture("cos-created", app) as {
        Records: [{ cos: { cosObject: { key: string } } }];
      };
      event.Records[0].cos.cosObject.key = `/1250000000/media/${key}`;
      await send(app, event);
      expect([await codes(), starts()]).toEqual([["InvalidParameter.StreamUrl"], 0]);
    },
  );
});
