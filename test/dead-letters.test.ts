/** `npm run dead-letters`: seeing what came to nothing, and playing it once its cause is gone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, systemClock } from "../shared/clock.js";
import { ApiError } from "../shared/errors.js";
import { bury, replayLetter } from "../shared/ingest/dead-letters.js";
import { readEvent } from "../shared/runtime/envelopes/read-event.js";
import { startIngest } from "../shared/ingest/start.js";
import { stopIngest } from "../shared/ingest/stop.js";
import { updateIngest } from "../shared/ingest/update.js";
import { openPostgres } from "../shared/store/postgres.js";
import { localEnvironment } from "../local/local-environment.js";
import { ckafka, fixture, lettersOf, send, startAction, stateOf } from "./support/cloud-events.js";
import { newPostgresUrl } from "./support/databases.js";
import { type House, openHouse } from "./support/house.js";
import { runScript } from "./support/process.js";

let house: House;
let env: Record<string, string>;

beforeAll(async () => {
  const DATABASE_URL = await newPostgresUrl();
  house = await openHouse({ database: openPostgres(DATABASE_URL) });
  env = localEnvironment({ DATABASE_URL }, house.trtcUrl) as Record<string, string>;
});
afterAll(() => house.close());
beforeEach(() => house.database.query("truncate ingest, dead_letter, call_slot"));

const command = (args: string[], more: Record<string, string> = {}) =>
  runScript("local/dead-letters.ts", { ...env, ...more }, args);

const json = async (args: string[], more?: Record<string, string>) => {
  const { code, output } = await command([...args, "--json"], more);
  return { code, answer: JSON.parse(output) as Record<string, unknown>[] };
};

/** Nobody acts for this topic, until EVENT_CALLERS says who. */
const topicless = () => {
  const event = ckafka(
    startAction(house, { RoomId: "later", StreamUrl: `${house.clip}?sign=s3cr3t` }),
  );
  (event.Records[0] as { Ckafka: { topic: string } }).Ckafka.topic = "new-topic";
  return event;
};

const WITH_TOPIC = {
  EVENT_CALLERS: JSON.stringify([{ Source: "ckafka:new-topic", Caller: "AKIDlocal" }]),
};

const useCases = {
  StartStreamIngest: startIngest,
  StopStreamIngest: stopIngest,
  UpdateStreamIngest: updateIngest,
};
const replay = { useCases, timeLeftMs: () => 20_000 };

describe("the command", () => {
  test("shows what lies there, and why; without the queries of URLs", async () => {
    expect(await command([])).toMatchObject({ code: 0, output: "no dead letters\n" });
    await send(house, topicless());
    await send(house, topicless());
    const [letter] = await lettersOf(house);
    const { output } = await command([]);
    expect(output).toMatch(/^\w{20} {2}\S+ {2}2 x {7}UnauthorizedOperation {2}ckafka:new-topic\n$/);
    const shown = await command(["show", letter?.id ?? ""]);
    for (const word of ["EVENT_CALLERS", "StartStreamIngest", "clip.mp4?…", "attempts"]) {
      expect(shown.output).toContain(word);
    }
    expect(shown.output).not.toContain("s3cr3t");
    const { answer } = await json([]);
    expect(answer).toMatchObject([{ id: letter?.id, attempts: 2, replayedAt: null }]);
    expect(JSON.stringify(answer)).not.toContain("s3cr3t");
  }, 60_000);

  test("replays once the cause is gone, and never a second time", async () => {
    await send(house, topicless());
    const [letter] = await lettersOf(house);
    const id = letter?.id ?? "";
    const before = await json(["replay", id]);
    expect(before).toMatchObject({ code: 1, answer: [{ id, outcome: "UnauthorizedOperation" }] });
    const { code, output } = await command(["replay", "--every"], WITH_TOPIC);
    expect([code, output]).toEqual([0, `${id}  done\n`]);
    expect((await stateOf(house)).rows).toMatchObject([{ room_id: "later", state: "running" }]);
    expect(await command(["replay", "--every"], WITH_TOPIC)).toMatchObject({
      ...{ code: 0, output: "no dead letters\n" },
    });
    expect(await command(["replay", id], WITH_TOPIC)).toMatchObject({ code: 0 });
    expect((await stateOf(house)).rows).toHaveLength(1);
    expect(await json(["list", "--all"])).toMatchObject({ answer: [{ id, attempts: 2 }] });
    expect(await command(["drop", "--replayed"])).toMatchObject({ output: "dropped 1\n" });
    expect(await lettersOf(house)).toEqual([]);
  }, 60_000);

  test.each<[args: string[], message: string]>([
    [["nonsense"], "name one of list, show, replay, drop"],
    [["show"], "show takes the ids of letters"],
    [["replay"], "replay takes the ids of letters, or --every"],
    [["replay", "x", "--every"], "replay takes the ids"],
    [["drop", "\u001b[2Jx"], "there is no dead letter ?[2Jx"],
    [["--halp"], "--halp"],
  ])(
    "ends with 1 for %j",
    async (args, message) => {
      const { code, output } = await command(args);
      expect([code, output]).toEqual([1, expect.stringContaining(message)]);
      expect(output).not.toMatch(/^\s+at /m);
    },
    30_000,
  );

  test("says what there is, and what it needs", async () => {
    const { output } = await command(["--help"]);
    for (const word of ["show", "replay", "--every", "drop", "--local", "--json"]) {
      expect(output).toContain(word);
    }
    const without = await command([], { DATABASE_URL: "", DATA_DIR: "none-here" });
    expect([without.code, without.output]).toEqual([1, expect.stringContaining("DATABASE_URL")]);
  }, 30_000);
});

describe("notifications that nobody took", () => {
  const id = "ing-01kdvz1m00abcdefghjkmnpqrs-2";

  test("are listed with their reason, and sent again for another day", async () => {
    expect((await command(["notifications"])).output).toBe(
      "every notification was taken, or waits\n",
    );
    await house.database.query(
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
    const [row] = await house.database.query("select dead_at, attempts from outbox");
    expect(row).toEqual({ dead_at: null, attempts: 0 });
    expect(await json(["resend", id, "nonsense"])).toMatchObject({
      code: 1,
      answer: [{ outcome: "not there" }, { outcome: "not there" }],
    });
  }, 60_000);
});

describe("a replay", () => {
  const nextIs = (code: string) =>
    fetch(`${house.trtcUrl}/_emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ action: "StartStreamIngest", kind: "error", code, times: 1 }),
    });

  test("of a start that TRTC refused for good is a new start, as often as it is refused", async () => {
    await nextIs("FailedOperation.NotAllowed");
    await send(house, ckafka(startAction(house)));
    const [letter] = await lettersOf(house);
    if (!letter) throw new Error("no letter was kept");
    await nextIs("FailedOperation.NotRtmpFunction");
    await expect(replayLetter(house.services, letter, replay)).rejects.toThrow(ApiError);
    expect(await lettersOf(house)).toMatchObject([
      { code: "FailedOperation.NotRtmpFunction", attempts: 2 },
    ]);
    expect(await replayLetter(house.services, letter, replay)).toBe("done");
    expect((await stateOf(house)).rows.map(({ state }) => state).sort()).toEqual([
      ...["ended", "ended", "running"],
    ]);
  });

  test("of a start that played, and whose source failed later, starts nothing again", async () => {
    const event = ckafka(startAction(house));
    await send(house, event);
    await house.database.query(
      "update ingest set state = 'ended', end_reason = 'failed', ended_at = now(), lease_until = null",
    );
    const [message] = readEvent(event).messages;
    if (!message) throw new Error("there is no message");
    await bury(house.services, message, new ApiError("ServiceUnavailable"));
    const [letter] = await lettersOf(house);
    expect(letter && (await replayLetter(house.services, letter, replay))).toBe("done");
    expect((await stateOf(house)).rows).toHaveLength(1);
  });

  test("of what was parked is the very start that the platform may send again", async () => {
    await house.database.query(
      "insert into call_slot (account, action, next_free_at) values ('cn', 'StartStreamIngest', $1)",
      [addMs(systemClock.now(), 3_600_000)],
    );
    const event = fixture("cos-created", house);
    await expect(send(house, event)).rejects.toThrow("1 of 1 messages");
    await house.database.query("truncate call_slot");
    const [letter] = await lettersOf(house);
    expect(letter && (await replayLetter(house.services, letter, replay))).toBe("done");
    expect(await send(house, event)).toMatchObject({ done: 1 });
    expect((await stateOf(house)).rows).toHaveLength(1);
  });

  test("of an object that no rule is for any more plays nothing", async () => {
    const object = { storage: "s3", bucket: "gone", key: "a.mp4" } as const;
    const message = { source: "s3:gone", id: "x", content: { kind: "object", object } } as const;
    await bury(house.services, message, new ApiError("UnauthorizedOperation"));
    const [letter] = await lettersOf(house);
    expect(letter && (await replayLetter(house.services, letter, replay))).toBe("ignored");
    expect((await lettersOf(house))[0]?.replayedAt).toBe(null);
  });
});

test("letters are listed in the order in which they came, a page at a time", async () => {
  const { store } = house.services;
  const at = systemClock.now();
  for (const [index, id] of ["b", "c", "a", "d"].entries()) {
    await store.buryMessage({
      ...{ id, source: "s", messageId: "m", code: "InvalidRequest", message: "", payload: {} },
      // Two of one instant are told apart by their ids.
      receivedAt: addMs(at, Math.floor(index / 2)),
    });
  }
  const first = await store.listDeadLetters({ all: false, limit: 3 });
  const rest = await store.listDeadLetters({ all: false, limit: 3, after: first.at(-1) });
  expect([first, rest].map((page) => page.map(({ id }) => id))).toEqual([["b", "c", "a"], ["d"]]);
});
