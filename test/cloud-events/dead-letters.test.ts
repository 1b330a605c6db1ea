/** `npm run dead-letters` lists failed messages, and replays them after the cause is gone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, systemClock } from "../../shared/clock.js";
import { ApiError } from "../../shared/contract/errors.js";
import { addDeadLetter, replayDeadLetter } from "../../shared/cloud-events/dead-letters.js";
import { readEvent } from "../../shared/cloud-events/envelopes/read-event.js";
import { eventUseCases } from "../../shared/schedules/use-cases.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import {
  ckafka,
  fixture,
  deadLettersOf,
  send,
  startAction,
  stateOf,
} from "../support/http/cloud-events.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { type TestApp, startTestApp } from "../support/app/test-app.js";
import { runCli } from "../support/cli.js";

let app: TestApp;
let env: Record<string, string>;

beforeAll(async () => {
  const DATABASE_URL = await newPostgresUrl();
  app = await startTestApp({ database: openPostgres(DATABASE_URL) });
  env = localEnvironment({ DATABASE_URL }, app.trtcUrl) as Record<string, string>;
});
afterAll(() => app.close());
beforeEach(() => app.database.query("truncate ingest, dead_letter, call_slot"));

const command = (args: string[], more: Record<string, string> = {}) =>
  runCli(["dead-letters", ...args], { ...env, ...more });

const json = async (args: string[], more?: Record<string, string>) => {
  const { code, output } = await command([...args, "--json"], more);
  return { code, answer: JSON.parse(output) as Record<string, unknown>[] };
};

/** This topic has no caller until EVENT_CALLERS names one. */
const topicless = () => {
  const event = ckafka(startAction(app, { RoomId: "later", StreamUrl: `${app.clip}?sign=s3cr3t` }));
  (event.Records[0] as { Ckafka: { topic: string } }).Ckafka.topic = "new-topic";
  return event;
};

const WITH_TOPIC = {
  EVENT_CALLERS: JSON.stringify([{ Source: "ckafka:new-topic", Caller: "AKIDlocal" }]),
};

const replay = { useCases: eventUseCases, timeLeftMs: () => 20_000 };

describe("npm run dead-letters", () => {
  test("lists the dead letters with their reasons, without the queries of URLs", async () => {
    expect(await command([])).toMatchObject({ code: 0, output: "no dead letters\n" });
    await send(app, topicless());
    await send(app, topicless());
    const [deadLetter] = await deadLettersOf(app);
    const { output } = await command([]);
    expect(output).toMatch(/^\w{20} {2}\S+ {2}2 x {7}UnauthorizedOperation {2}ckafka:new-topic\n$/);
    const shown = await command(["show", deadLetter?.id ?? ""]);
    for (const word of ["EVENT_CALLERS", "StartStreamIngest", "clip.mp4?…", "attempts"]) {
      expect(shown.output).toContain(word);
    }
    expect(shown.output).not.toContain("s3cr3t");
    const { answer } = await json([]);
    expect(answer).toMatchObject([{ id: deadLetter?.id, attempts: 2, replayedAt: null }]);
    expect(JSON.stringify(answer)).not.toContain("s3cr3t");
  });

  test("replays a dead letter after its cause is gone, and never twice", async () => {
    await send(app, topicless());
    const [deadLetter] = await deadLettersOf(app);
    const id = deadLetter?.id ?? "";
    const before = await json(["replay", id]);
    expect(before).toMatchObject({ code: 1, answer: [{ id, outcome: "UnauthorizedOperation" }] });
    const { code, output } = await command(["replay", "--every"], WITH_TOPIC);
    expect([code, output]).toEqual([0, `${id}  done\n`]);
    expect((await stateOf(app)).rows).toMatchObject([{ room_id: "later", state: "running" }]);
    expect(await command(["replay", "--every"], WITH_TOPIC)).toMatchObject({
      code: 0,
      output: "no dead letters\n",
    });
    expect(await command(["replay", id], WITH_TOPIC)).toMatchObject({ code: 0 });
    expect((await stateOf(app)).rows).toHaveLength(1);
    expect(await json(["list", "--all"])).toMatchObject({ answer: [{ id, attempts: 2 }] });
    expect(await command(["drop", "--replayed"])).toMatchObject({ output: "dropped 1\n" });
    expect(await deadLettersOf(app)).toEqual([]);
  });

  test.each<[args: string[], message: string, code?: number]>([
    [["nonsense"], "name one of list, show, replay, drop"],
    [["show"], "show takes the ids of dead letters"],
    [["replay"], "replay takes the ids of dead letters, or --every"],
    [["replay", "x", "--every"], "replay takes the ids"],
    [["drop", "\u001b[2Jx"], "the dead letter ?[2Jx does not exist", 1],
    [["--halp"], "--halp"],
  ])(
    "ends with 2 for %j, and with 1 for an unknown id",
    async (args, message, expected = 2) => {
      const { code, output } = await command(args);
      expect([code, output]).toEqual([expected, expect.stringContaining(message)]);
      expect(output).not.toMatch(/^\s+at /m);
    },
    30_000,
  );

  test("lists its flags and its needed variables with --help", async () => {
    const { output } = await command(["--help"]);
    for (const word of ["show", "replay", "--every", "drop", "--local", "--json"]) {
      expect(output).toContain(word);
    }
    const without = await command([], { DATABASE_URL: "", DATA_DIR: "none-here" });
    expect([without.code, without.output]).toEqual([1, expect.stringContaining("DATABASE_URL")]);
  });
});

describe("undelivered notifications", () => {
  const id = "ing-01kdvz1m00abcdefghjkmnpqrs-2";

  test("are listed with their reason, and sent again for another day", async () => {
    expect((await command(["notifications"])).output).toBe(
      "every notification is delivered or still waiting\n",
    );
    await app.database.query(
      `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at,
                           dead_at, dead_reason)
       values ($1, 2, 'AKIDlocal', 'ingest.ended', $2, '{}', $2, $2, $2, 'HTTP500')`,
      [id.replace(/-2$/, ""), systemClock.now()],
    );
    const { output } = await command(["notifications"]);
    expect(output).toMatch(new RegExp(`^${id} {2}ingest.ended {2}AKIDlocal {2}\\S+ {2}HTTP500\n$`));
    expect(await json(["resend", id])).toMatchObject({
      code: 0,
      answer: [{ outcome: "sent again" }],
    });
    const [row] = await app.database.query("select dead_at, attempts from outbox");
    expect(row).toEqual({ dead_at: null, attempts: 0 });
    expect(await json(["resend", id, "nonsense"])).toMatchObject({
      code: 1,
      answer: [{ outcome: "not there" }, { outcome: "not there" }],
    });
  });

  test("are the newest thousand, and the list says that there are more", async () => {
    await app.database.query(
      `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at,
                           dead_at, dead_reason)
       select 'ing-many', n, 'AKIDlocal', 'ingest.ended', now(), '{}', now(), now(), now(), 'HTTP500'
       from generate_series(1, 1001) as n`,
    );
    const { output } = await command(["notifications"]);
    await app.database.query("delete from outbox where task_id = 'ing-many'");

    expect(output.match(/^ing-many-/gm)).toHaveLength(1000);
    expect(output).toMatch(/\nthe newest 1000: there are more\n$/);
  });
});

describe("a replay", () => {
  const nextIs = (code: string) =>
    fetch(`${app.trtcUrl}/_emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ action: "StartStreamIngest", kind: "error", code, times: 1 }),
    });

  test("of a start that TRTC refused is a new start, each time", async () => {
    await nextIs("FailedOperation.NotAllowed");
    await send(app, ckafka(startAction(app)));
    const [deadLetter] = await deadLettersOf(app);
    if (!deadLetter) throw new Error("no letter was kept");
    await nextIs("FailedOperation.NotRtmpFunction");
    await expect(replayDeadLetter(app.services, deadLetter, replay)).rejects.toThrow(ApiError);
    expect(await deadLettersOf(app)).toMatchObject([
      { code: "FailedOperation.NotRtmpFunction", attempts: 2 },
    ]);
    expect(await replayDeadLetter(app.services, deadLetter, replay)).toBe("done");
    expect((await stateOf(app)).rows.map(({ state }) => state).sort()).toEqual([
      ...["ended", "ended", "running"],
    ]);
  });

  test("of a start whose source failed after it played starts nothing", async () => {
    const event = ckafka(startAction(app));
    await send(app, event);
    await app.database.query(
      "update ingest set state = 'ended', end_reason = 'failed', ended_at = now(), lease_until = null",
    );
    const [message] = readEvent(event).messages;
    if (!message) throw new Error("there is no message");
    await addDeadLetter(app.services, message, new ApiError("ServiceUnavailable"));
    const [deadLetter] = await deadLettersOf(app);
    expect(deadLetter && (await replayDeadLetter(app.services, deadLetter, replay))).toBe("done");
    expect((await stateOf(app)).rows).toHaveLength(1);
  });

  test("of a parked message is the same start as the platform's repeat", async () => {
    await app.database.query(
      "insert into call_slot (account, action, next_free_at) values ('cn', 'StartStreamIngest', $1)",
      [addMs(systemClock.now(), 3_600_000)],
    );
    const event = fixture("cos-created", app);
    await expect(send(app, event)).rejects.toThrow("1 of 1 messages");
    await app.database.query("truncate call_slot");
    const [deadLetter] = await deadLettersOf(app);
    expect(deadLetter && (await replayDeadLetter(app.services, deadLetter, replay))).toBe("done");
    expect(await send(app, event)).toMatchObject({ done: 1 });
    expect((await stateOf(app)).rows).toHaveLength(1);
  });

  test("of an object that no rule matches any more plays nothing", async () => {
    const object = { storage: "s3", bucket: "gone", key: "a.mp4" } as const;
    const message = { source: "s3:gone", id: "x", content: { kind: "object", object } } as const;
    await addDeadLetter(app.services, message, new ApiError("UnauthorizedOperation"));
    const [deadLetter] = await deadLettersOf(app);
    expect(deadLetter && (await replayDeadLetter(app.services, deadLetter, replay))).toBe(
      "ignored",
    );
    expect((await deadLettersOf(app))[0]?.replayedAt).toBe(null);
  });
});

test("dead letters are listed in the order of their arrival, page by page", async () => {
  const { store } = app.services;
  const at = systemClock.now();
  for (const [index, id] of ["b", "c", "a", "d"].entries()) {
    await store.deadLetters.add({
      id,
      source: "s",
      messageId: "m",
      code: "InvalidRequest",
      message: "",
      payload: {},
      // Ids distinguish two dead letters of one instant.
      receivedAt: addMs(at, Math.floor(index / 2)),
    });
  }
  const first = await store.deadLetters.list({ all: false, limit: 3 });
  const rest = await store.deadLetters.list({ all: false, limit: 3, after: first.at(-1) });
  expect([first, rest].map((page) => page.map(({ id }) => id))).toEqual([["b", "c", "a"], ["d"]]);
});
