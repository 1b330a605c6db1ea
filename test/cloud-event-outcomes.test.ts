/** What becomes of messages that are not simply played: refused, delayed, repeated, out of order. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { invoke } from "../local/platform.js";
import { DEFAULT_ACCOUNTS, DEFAULT_SECRET_ID } from "../local/trtc/defaults.js";
import { addMs, SECOND_MS } from "../shared/clock.js";
import { verifyCosUrl } from "../shared/signing/cos-url.js";
import { verifyS3Url } from "../shared/signing/s3-url.js";
import {
  type Batch,
  ckafka,
  fixture,
  lettersOf,
  QUEUE,
  send,
  sendWith,
  sqs,
  startAction,
  stateOf,
} from "./support/cloud-events.js";
import { openTestPostgres } from "./support/databases.js";
import { CN_APP, type House, INTL_APP, openHouse, SECRET_ID } from "./support/house.js";

const EVENT_CALLERS = ["ckafka:ingests", QUEUE, `${QUEUE}.fifo`, "cloudevents:local.app"].map(
  (Source) => ({
    Source,
    Caller: SECRET_ID,
  }),
);

const CALLERS = [
  {
    ...{ Id: SECRET_ID, SecretKeys: ["local-secret-key"], SdkAppIds: [CN_APP] },
    ...{ RoomPattern: "room.*", MaxDuration: 30 },
  },
];

const RULE = { Caller: SECRET_ID, RoomId: "room", RoomIdType: 0, RepeatNum: -1 };

const RULES = [
  { ...RULE, Bucket: "media-1250000000", MaxDuration: 20, Account: "storage" },
  { ...RULE, Bucket: "media", Account: "storage" },
];

const STORAGE = { Account: "storage", SecretId: "AKIDstorage", SecretKey: "the-storage-secret" };

async function open(more: Record<string, string> = {}): Promise<House> {
  const SecretKey = DEFAULT_ACCOUNTS[DEFAULT_SECRET_ID]?.secretKey;
  const local = { Account: "cn", SecretId: DEFAULT_SECRET_ID, SecretKey };
  const env = {
    EVENT_CALLERS: JSON.stringify(EVENT_CALLERS),
    CALLERS: JSON.stringify(CALLERS),
    RULES: JSON.stringify(RULES),
    TRTC_ACCOUNTS: JSON.stringify([local, STORAGE]),
    TRTC_TIMEOUT_SECONDS: "1",
    ...more,
  };
  return openHouse({ env, database: await openTestPostgres() });
}

let house: House;
beforeEach(async () => {
  house = await open();
});
afterEach(() => house.close());

const action = (fields: object = {}) => startAction(house, fields);
const starts = () => house.trtc.calls("StartStreamIngest");
const codes = async () => (await lettersOf(house)).map(({ code }) => code);

describe("what can never work is done with, and its letter kept:", () => {
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
    expect(await send(house, ckafka(body()))).toEqual(counts);
    expect(await codes()).toEqual([code]);
    expect(starts()).toBe(0);
    expect((await stateOf(house)).rows).toEqual([]);
  });

  test("a source that nobody acts for, whatever the message says", async () => {
    const event = ckafka(action({ Caller: SECRET_ID }));
    (event.Records[0] as { Ckafka: { topic: string } }).Ckafka.topic = "other";
    await send(house, event);
    expect(await codes()).toEqual(["UnauthorizedOperation"]);
  });

  test("a refusal by TRTC itself", async () => {
    const fault = {
      action: "StartStreamIngest",
      kind: "error",
      code: "FailedOperation.NotAllowed",
    };
    await fetch(`${house.trtcUrl}/_emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...fault, times: 1 }),
    });
    await send(house, ckafka(action()));
    expect(await codes()).toEqual(["FailedOperation.NotAllowed"]);
  });
});

describe("a letter", () => {
  test("holds no signed text, and the log none of the message", async () => {
    const secrets = [
      "eJw-signed-text-of-a-robot-which-nobody-may-read",
      "a-signed-permission-of-it",
    ];
    const [UserSig, PrivateMapKey] = secrets;
    await send(house, ckafka(action({ RoomId: "other", UserId: "u", UserSig, PrivateMapKey })));
    await send(house, ckafka(`not json ${secrets.join(" ")}`));
    // Spelled otherwise, within another field, or within a text.
    const within = { UserSig, PrivateMapKey };
    await send(house, ckafka(action({ userSig: UserSig, privateMapKey: PrivateMapKey })));
    await send(house, ckafka(action({ RoomId: "other", UserId: JSON.stringify(within) })));
    await send(house, ckafka(JSON.stringify(JSON.stringify(within))));
    await send(house, ckafka({ Message: JSON.stringify(within), SecretKey: secrets[0] }));
    expect(await lettersOf(house)).toHaveLength(6);
    const kept = JSON.stringify(await lettersOf(house));
    for (const secret of secrets) expect(kept + house.logLines.join()).not.toContain(secret);
    expect(house.logLines.join()).not.toContain("other");
    expect(JSON.parse(house.logLines[0] ?? "")).toMatchObject({
      ...{ level: "warn", event: "cloud-event", action: "StartStreamIngest", caller: SECRET_ID },
      ...{
        outcome: "UnauthorizedOperation",
        detail: expect.stringMatching(/^dead letter \w{20}$/),
      },
    });
  });

  test("takes what PostgreSQL cannot store", async () => {
    await send(house, ckafka('{"Action":"\\u0000\\ud800"}', `"\0 \udfff`));
    expect(await codes()).toEqual(["InvalidAction", "InvalidParameter.BodyParamsError"].sort());
  });
});

describe("what may work later comes again:", () => {
  test("a batch of a queue is thrown back, and what was done starts nothing twice", async () => {
    house.trtc.next("StartStreamIngest", "lose-request");
    const event = ckafka(action({ RoomId: "room-1" }), action({ RoomId: "room-2" }));
    await expect(send(house, event)).rejects.toThrow(
      "1 of 2 messages could not be played now, and may be later",
    );
    expect(await codes()).toEqual([]);
    house.trtc.next("StartStreamIngest");
    // The one that got no answer is driven by its retry, or by settle-ingests.
    await invoke(house.functionNamed("settle-ingests"), {});
    expect(await send(house, event)).toMatchObject({ messages: 2, done: 2 });
    expect((await stateOf(house)).tasks).toEqual(["room-1 playing", "room-2 playing"]);
  });

  test("a start that TRTC left unanswered, whose letter asks for no ClientToken", async () => {
    house.trtc.next("StartStreamIngest", "lose-answer");
    await expect(send(house, fixture("cos-created", house))).rejects.toThrow("1 of 1 messages");
    const [letter] = await lettersOf(house);
    expect(letter).toMatchObject({ code: "InternalError" });
    expect(letter?.message).toMatch(/settle-ingests finds out.+delivered or replayed again/);
    expect(letter?.message).not.toContain("ClientToken");
  });

  test("of SQS only the messages that failed", async () => {
    house.trtc.next("StartStreamIngest", "lose-request");
    const event = sqs(["m1", action()], ["m2", "nonsense"]);
    expect(await send(house, event)).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
    expect(await codes()).toEqual(["InvalidParameter.BodyParamsError"]);
    house.trtc.next("StartStreamIngest");
    expect(await send(house, event)).toEqual({ batchItemFailures: [] });
    expect((await stateOf(house)).tasks).toEqual(["room playing"]);
  });

  test("of SQS all of them by an error, which a trigger hears that reports no failures", async () => {
    const event = sqs(["m1", action({ RoomId: "room-1" })], ["m2", "nonsense"]);
    await expect(sendWith(house, event, 5000)).rejects.toThrow("2 of 2 messages");
    expect([starts(), await codes()]).toEqual([0, []]);
    expect(await send(house, event)).toEqual({ batchItemFailures: [] });
    expect([starts(), await codes()]).toEqual([1, ["InvalidParameter.BodyParamsError"]]);
  });

  test("of what is pushed each has its letter, also what was not begun", async () => {
    const told = { specversion: "1.0", type: "local", source: "local.app" };
    const EventList = ["e1", "e2"].map((id) => ({
      ...told,
      id,
      data: action({ RoomId: `room-${id}` }),
    }));
    const event = { EventList };
    await expect(sendWith(house, event, 5000)).rejects.toThrow("2 of 2 messages");
    const letters = await lettersOf(house);
    expect(letters.map(({ messageId, code }) => [messageId, code])).toEqual([
      ["e1", "ServiceUnavailable"],
      ["e2", "ServiceUnavailable"],
    ]);
    expect(await send(house, event)).toMatchObject({ messages: 2, done: 2 });
    const resolved = await lettersOf(house);
    expect(resolved.map(({ replayedAt }) => replayedAt)).toEqual([
      expect.any(Date),
      expect.any(Date),
    ]);
  });

  test("nothing is begun with too little time to end it", async () => {
    await expect(sendWith(house, ckafka(action()), 7000)).rejects.toThrow("1 of 1 messages");
    expect(starts()).toBe(0);
    expect((await stateOf(house)).rows).toEqual([]);
  });

  test("while no letter can be written", async () => {
    await house.database.query("alter table dead_letter rename to away");
    await expect(send(house, ckafka("nonsense"))).rejects.toThrow("1 of 1 messages");
    await house.database.query("alter table away rename to dead_letter");
    expect(await send(house, ckafka("nonsense"))).toMatchObject({ dead: 1 });
  });

  test("who pushes may not push again: a letter is kept until it has", async () => {
    const event = fixture("cos-created", house);
    house.trtc.next("StartStreamIngest", "throttle", "throttle", "throttle", "throttle");
    await house.database.query(
      "insert into call_slot (account, action, next_free_at) values ('cn', 'StartStreamIngest', now() + interval '1 hour')",
    );
    await expect(send(house, event)).rejects.toThrow("1 of 1 messages");
    expect(await codes()).toEqual(["RequestLimitExceeded"]);
    house.trtc.next("StartStreamIngest");
    await house.database.query("delete from call_slot");
    expect(await send(house, event)).toMatchObject({ done: 1 });
    expect((await lettersOf(house))[0]?.replayedAt).toBeInstanceOf(Date);
  });
});

describe("an object that a queue was told of", () => {
  const RECORD = (fixture("s3-created", { clip: "" } as House) as Batch).Records[0] as {
    s3: { object: object };
  };
  const stored = (key: string) => ({
    ...RECORD,
    s3: { ...RECORD.s3, object: { ...RECORD.s3.object, key } },
  });
  const letters = () => lettersOf(house);

  test.each<[who: string, EVENT_CALLERS: object[]]>([
    ["nobody", []],
    ["another caller than its rule's", [{ Source: QUEUE, Caller: "AKIDother" }]],
  ])("is played by no rule, when %s acts for the queue", async (_, sources) => {
    await house.close();
    const other = { ...CALLERS[0], Id: "AKIDother", SecretKeys: ["another-secret-key"] };
    house = await open({
      EVENT_CALLERS: JSON.stringify(sources),
      CALLERS: JSON.stringify([...CALLERS, other]),
    });
    await send(house, sqs(["m", { Records: [stored("clip.mp4")] }]));
    expect([await codes(), starts()]).toEqual([["UnauthorizedOperation"], 0]);
    // A replay knows by which way it came.
    expect((await letters())[0]?.payload).toMatchObject({ content: { object: { queue: QUEUE } } });
    await send(house, fixture("s3-created", house));
    expect((await stateOf(house)).tasks).toEqual(["room playing"]);
  });

  test("comes again with the others of its message, and starts once", async () => {
    const event = sqs(["m", { Records: ["a.mp4", "b.mp4"].map(stored) }], ["n", "nonsense"]);
    house.trtc.next("StartStreamIngest", "lose-request", "lose-request");
    const failed = { batchItemFailures: [{ itemIdentifier: "m" }] };
    expect(await send(house, event)).toEqual(failed);
    house.trtc.next("StartStreamIngest");
    expect(await send(house, event)).toEqual({ batchItemFailures: [] });
    expect(await send(house, event)).toEqual({ batchItemFailures: [] });
    expect((await stateOf(house)).tasks).toEqual(["room playing", "room playing"]);
  });

  test("leaves the letter of what the storage itself told as it is", async () => {
    const forged = { ...sqs(["m", { Records: [RECORD] }]) };
    const Records = forged.Records.map((record) => ({
      ...(record as object),
      eventSourceARN: `${QUEUE}-of-another`,
    }));
    await send(house, { Records });
    await house.database.query(
      "insert into call_slot (account, action, next_free_at) values ('cn', 'StartStreamIngest', now() + interval '1 hour')",
    );
    const genuine = fixture("s3-created", house);
    await expect(send(house, genuine)).rejects.toThrow("1 of 1 messages");
    await house.database.query("delete from call_slot");
    expect(await send(house, genuine)).toMatchObject({ done: 1 });
    await send(house, { Records });
    const kept = (await letters()).map(({ code, attempts, replayedAt }) => [
      ...[code, attempts, replayedAt !== null],
    ]);
    expect(kept.sort()).toEqual([
      ["RequestLimitExceeded", 1, true],
      ["UnauthorizedOperation", 2, false],
    ]);
  });

  test("is one of ten at most", async () => {
    const keys = Array.from({ length: 11 }, (_, n) => `${n}.mp4`);
    expect(await send(house, sqs(["m", { Records: keys.map(stored) }]))).toEqual({
      batchItemFailures: [],
    });
    expect([await codes(), starts()]).toEqual([["InvalidRequest"], 0]);
  });
});

test("a start that its caller's grant shortens is logged with both instants", async () => {
  await send(house, ckafka(action({ RepeatNum: -1, MaxDuration: 60 })));
  await send(house, ckafka(action({ RepeatNum: -1, MaxDuration: 20 }), "of another message"));
  const lines = house.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const played = lines.filter(({ event, outcome }) => event === "cloud-event" && outcome === "ok");
  expect(played.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/asked for was 20.+Z, .+ 30 minutes grants 20.+Z\.$/),
    undefined,
  ]);
});

test("what SNS has delivered to a queue twice is one message", async () => {
  const published = {
    ...{ Type: "Notification", MessageId: "one", TopicArn: "arn:aws:sns:eu-west-1:1:t" },
    Message: JSON.stringify(action()),
  };
  await send(house, sqs(["m1", published], ["m2", published]));
  expect((await stateOf(house)).tasks).toEqual(["room playing"]);
});

describe("of SQS, what cannot be done yet holds back", () => {
  /** The first cannot be done now; the others can never be, which shows whether they were looked at. */
  const lost = async (arn: string) => {
    const event = sqs(["m1", action()], ["m2", "nonsense"], ["m3", "nonsense"]);
    const Records = event.Records.map((record, index) => ({
      ...(record as object),
      eventSourceARN: arn,
      attributes: { MessageGroupId: index < 2 ? "one" : "two" },
    }));
    house.trtc.next("StartStreamIngest", "lose-request");
    const failed = (await send(house, { Records })) as { batchItemFailures: object[] };
    return [failed.batchItemFailures, (await codes()).length];
  };

  test("what is behind it in its group of a FIFO queue, and no other group", async () => {
    const failed = ["m1", "m2"].map((itemIdentifier) => ({ itemIdentifier }));
    expect(await lost(`${QUEUE}.fifo`)).toEqual([failed, 1]);
  });

  test("nothing else in a standard queue, which has groups only to be fair", async () => {
    expect(await lost(QUEUE)).toEqual([[{ itemIdentifier: "m1" }], 2]);
  });
});

describe("a message of its own", () => {
  test("may bring its own ClientToken, which wins", async () => {
    const { response } = await house.post("start-ingest", {
      ...{ SdkAppId: CN_APP, RoomId: "room", RoomIdType: 0, StreamUrl: house.clip },
      ...{ RepeatNum: -1, MaxDuration: 5, ClientToken: "order-4711" },
    });
    await send(house, ckafka(action({ ClientToken: "order-4711" })));
    expect(starts()).toBe(1);
    expect((await stateOf(house)).rows).toHaveLength(1);
    expect(response["TaskId"]).toBeDefined();
  });

  test("and another at the same place of another topic of that name are two", async () => {
    await send(house, ckafka(action({ RoomId: "room-1" })));
    await send(house, ckafka(action({ RoomId: "room-2" })));
    expect((await stateOf(house)).tasks).toEqual(["room-1 playing", "room-2 playing"]);
    expect(await codes()).toEqual([]);
  });

  test("and its like of another source are two", async () => {
    await send(house, sqs(["0/0", action()]));
    await send(house, ckafka(action()));
    expect((await stateOf(house)).tasks).toEqual(["room playing", "room playing"]);
  });
});

test("what a queue was refused once is not played again by a letter, once the queue had it done", async () => {
  await house.close();
  house = await open({ EVENT_CALLERS: "[]" });
  const { database } = house;
  const { response } = await house.post("start-ingest", {
    ...{ SdkAppId: CN_APP, RoomId: "room", RoomIdType: 0, StreamUrl: house.clip, RepeatNum: -1 },
  });
  const event = ckafka({ Action: "UpdateStreamIngest", TaskId: response["TaskId"], Volume: 10 });
  await send(house, event);
  const callers = house.services.config.eventCallers as Map<string, string>;
  callers.set("ckafka:ingests", SECRET_ID);
  expect(await send(house, event)).toMatchObject({ done: 1 });
  expect(await house.services.store.listDeadLetters({ all: false, limit: 9 })).toEqual([]);
  expect(await database.query("select play ->> 'Volume' as volume from ingest")).toEqual([
    { volume: "10" },
  ]);
});

test("an object whose rule has changed since is the same start when it is told again", async () => {
  await send(house, fixture("s3-created", house));
  const { config } = house.services;
  Object.assign(config, { rules: config.rules.map((rule) => ({ ...rule, Volume: 50 })) });
  expect(await send(house, fixture("s3-created", house))).toMatchObject({ done: 1 });
  expect([starts(), await codes()]).toEqual([1, []]);
});

test("what belongs to one ingest stays in its order, and an old update undoes no new one", async () => {
  await send(house, ckafka(action()));
  const [row] = await house.database.query("select task_id from ingest");
  const TaskId = row?.["task_id"];
  const to = (Volume: number) => ({ Action: "UpdateStreamIngest", TaskId, Volume });
  const early = ckafka(...[10, 20, 30, 40, 50].map(to));
  await send(house, early);
  expect((await stateOf(house)).rows[0]).toMatchObject({ volume: "50" });
  await send(house, sqs(["late", to(60)]));
  await send(house, early);
  expect((await stateOf(house)).rows[0]).toMatchObject({ volume: "60" });
  await send(house, sqs(["u", to(70)], ["s", { Action: "StopStreamIngest", TaskId }]));
  expect((await stateOf(house)).tasks).toEqual(["room ended"]);
  expect(await codes()).toEqual([]);
});

describe("an object without a public URL", () => {
  const urlOf = () => String(house.trtc.bodies("StartStreamIngest").at(-1)?.["StreamUrl"]);

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
      await send(house, fixture(name, house));
      const url = urlOf();
      expect(url.startsWith(address)).toBe(true);
      const [row] = await house.database.query("select deadline_at, started_at from ingest");
      const deadlineAt = row?.["deadline_at"] as Date;
      expect(deadlineAt.getTime() - (row?.["started_at"] as Date).getTime()).toBe(minutes * 60_000);
      expect(verify(url, STORAGE.SecretKey, deadlineAt)).toEqual({ ok: true });
      expect(house.logLines.join()).not.toMatch(/q-sign|X-Amz|the-storage-secret/);
    },
  );

  test("is the same request when it is presigned anew", async () => {
    await send(house, fixture("cos-created", house));
    const before = urlOf();
    // Signatures count in seconds.
    const { machineClock } = house.services;
    house.services.machineClock = { now: () => addMs(machineClock.now(), 2 * SECOND_MS) };
    expect(await send(house, fixture("cos-created", house))).toMatchObject({ done: 1 });
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
    await house.close();
    house = await open(env);
    await send(house, fixture("cos-created", house));
    expect([await codes(), starts()]).toEqual([[code], 0]);
  });

  test.each(["../x.mp4", "a/../b.mp4", "./a.mp4", "a/..", "...mp4", "a/..mp4"])(
    "called %s cannot be had",
    async (key) => {
      const event = fixture("cos-created", house) as {
        Records: [{ cos: { cosObject: { key: string } } }];
      };
      event.Records[0].cos.cosObject.key = `/1250000000/media/${key}`;
      await send(house, event);
      expect([await codes(), starts()]).toEqual([["InvalidParameter.StreamUrl"], 0]);
    },
  );
});
