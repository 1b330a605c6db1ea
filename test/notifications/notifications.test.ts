/**
 * Callers learn about changes of their ingests: real functions, emulator and receivers, injected
 * time.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { makeHandler } from "../../functions/start-ingest.js";
import { listPrices } from "../../shared/config/money/prices.js";
import { deliverNotifications, pauseMs } from "../../shared/notifications/deliver.js";
import { type CloudEvent, cloudEventOf } from "../../shared/notifications/cloud-event.js";
import type { Services } from "../../shared/ingest/services.js";
import type { LogFields } from "../../shared/log.js";
import { openNotifier } from "../../shared/notifications/notifier.js";
import { createStore } from "../../shared/store/store.js";
import { ENGINES, openTestPostgres } from "../support/database/databases.js";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";
import { countedBy, type ManualClock, manualClock } from "../support/app/manual-clock.js";
import {
  type Manner,
  type NotificationReceiver,
  startNotificationReceiver,
  type Taken,
} from "../support/http/notification-receiver.js";
import { timeLeft } from "../support/app/timed-app.js";
import { nextRoom } from "../support/app/rooms.js";

const DAY_MS = 24 * 60 * MINUTE_MS;
const LEASE_MS = 20 * SECOND_MS;
const KEYS = { one: "the-key-of-caller-one", two: "the-key-of-caller-two" };
const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
const SECRETS = { one: newSecret(), two: newSecret() };
/** Receivers without the new secret still accept this one. */
const OLD_SECRET = newSecret();
type CallerId = keyof typeof KEYS;

interface World {
  clock: ManualClock;
  app: TestApp;
  services: Services;
  receivers: Record<CallerId, NotificationReceiver>;
}

async function openWorld(open: (typeof ENGINES)[number][1]): Promise<World> {
  const clock = manualClock();
  const receivers = {
    one: await startNotificationReceiver(),
    two: await startNotificationReceiver(),
  };
  const callers = (["one", "two"] as const).map((Id) => ({
    Id,
    SecretKeys: [KEYS[Id]],
    SdkAppIds: [CN_APP],
    NotifyUrl: receivers[Id].url,
    NotifySecrets: [SECRETS[Id], OLD_SECRET],
  }));
  const silent = { Id: "silent", SecretKeys: ["the-key-of-the-silent"], SdkAppIds: [CN_APP] };
  const app = await startTestApp({
    clock,
    database: await open(),
    emulator: { switches: { callsPerSecond: 100_000 } },
    env: { CALLERS: JSON.stringify([...callers, silent]) },
  });
  const { store } = app.services;
  const services = {
    ...app.services,
    store: countedBy(clock, store),
    trtc: countedBy(clock, app.services.trtc),
    // A hanging receiver takes real time.
    notifier: notifierWith(clock, 2 * SECOND_MS),
  };
  return { clock, app, services, receivers };
}

const notifierWith = (clock: ManualClock, timeoutMs: number) =>
  countedBy(clock, openNotifier({ allowPrivateHosts: true, timeoutMs }));

describe.each(ENGINES)("on %s", (_, open) => {
  let world: World;
  const receiver = (id: CallerId = "one") => world.receivers[id];

  beforeAll(async () => {
    world = await openWorld(open);
  });
  beforeEach(async () => {
    for (const each of Object.values(world.receivers)) each.clear();
    await world.app.database.query("delete from outbox");
    await world.app.database.query("delete from ingest");
    world.app.logLines.length = 0;
  });
  afterAll(async () => {
    await world.app.close();
    await Promise.all(Object.values(world.receivers).map((each) => each.close()));
  });

  const call = async (functionName: string, body: object, key: string = KEYS.one) => {
    const headers = { authorization: `Bearer ${key}` };
    const sent = world.app.post(functionName, { SdkAppId: CN_APP, ...body }, headers);
    return (await world.clock.advanceUntilDone(sent)).response;
  };
  const start = async (fields: object = {}, key?: string) => {
    const media = { StreamUrl: `${world.app.clip}?sign=url-signature`, RepeatNum: -1 };
    const room = { RoomId: nextRoom(), RoomIdType: 0 };
    const response = await call("start-ingest", { ...room, ...media, ...fields }, key);
    return String(response["TaskId"]);
  };
  const stop = (TaskId: string, key?: string) => call("stop-ingest", { TaskId }, key);

  function run(services: Services = world.services, timeLimitSeconds = 60) {
    const { clock } = world;
    return deliverNotifications(services, {
      timeLeftMs: timeLeft(clock, timeLimitSeconds * SECOND_MS),
    });
  }
  const ran = (services?: Services) => world.clock.advanceUntilDone(run(services));
  const outbox = () => world.app.database.query("select * from outbox order by task_id, position");
  const logged = () => world.app.logLines.map((line) => JSON.parse(line) as LogFields);
  const typesOf = (taskId: string, events: readonly CloudEvent[]) =>
    events.filter(({ subject }) => subject === taskId).map(({ type }) => type);

  /** Verifies with the package that receivers use, at the injected time. */
  function verified(
    { raw, headers }: Taken,
    secret = SECRETS.one,
    at = world.clock.now(),
  ): unknown {
    const now = jest.spyOn(Date, "now").mockReturnValue(at.getTime());
    try {
      return new Webhook(secret).verify(raw, headers as Record<string, string>);
    } finally {
      now.mockRestore();
    }
  }

  test("the start and the end of an ingest are sent with the fields of DescribeStreamIngest", async () => {
    const StopTime = addMs(world.clock.now(), 90_500).toISOString();
    const taskId = await start({ StopTime });
    await world.clock.advance(30 * SECOND_MS);
    await stop(taskId);
    expect(await ran()).toMatchObject({ delivered: 2, undelivered: 0, dead: 0, dropped: 0 });
    const described = await call("describe-ingest", { TaskId: taskId });
    const [started, ended, ...others] = receiver().received;
    expect(others).toEqual([]);
    expect(ended?.event).toEqual({
      specversion: "1.0",
      id: `${taskId}-2`,
      source: `/applications/${CN_APP}/ingests/${taskId}`,
      type: "ingest.ended",
      subject: taskId,
      time: described["EndTime"],
      datacontenttype: "application/json",
      sequence: "2",
      sequencetype: "Integer",
      data: {
        TaskId: taskId,
        TrtcTaskId: described["TrtcTaskId"],
        SdkAppId: CN_APP,
        RoomId: described["RoomId"],
        RoomIdType: 0,
        UserId: described["UserId"],
        State: "ended",
        EndReason: "stopped",
        EndDetail: described["EndDetail"],
        FailureCode: null,
        StartTime: described["StartTime"],
        Deadline: StopTime,
        EndTime: described["EndTime"],
        LatenessMs: 0,
        UsageMinutes: 0.5,
        // Half a minute of a source of unknown size.
        Cost: {
          Usd: 0.00749,
          UsdToDeadline: 0.00749,
          Minutes: 0.5,
          Tier: "Unknown",
          PricesOf: "2026-08-21",
        },
      },
    });
    expect(started?.event).toMatchObject({
      id: `${taskId}-1`,
      type: "ingest.started",
      sequence: "1",
      time: described["StartTime"],
      data: {
        State: "running",
        EndReason: null,
        EndTime: null,
        LatenessMs: null,
        UsageMinutes: null,
        Cost: { Usd: 0, Minutes: 0 },
      },
    });
    expect(await outbox()).toEqual([]);
  });

  test("each event is signed with its id for its own caller", async () => {
    const [one, two] = [await start(), await start({}, KEYS.two)];
    await ran();
    for (const [id, taskId] of [
      ["one", one],
      ["two", two],
    ] as const) {
      const [message, ...others] = receiver(id).received;
      expect(others).toEqual([]);
      if (!message) throw new Error("nothing came");
      expect(message.headers["content-type"]).toBe("application/cloudevents+json");
      expect(message.headers["webhook-id"]).toBe(`${taskId}-1`);
      expect(verified(message, SECRETS[id])).toEqual(message.event);
      expect(verified(message, OLD_SECRET)).toEqual(message.event);
      const other = SECRETS[id === "one" ? "two" : "one"];
      expect(() => verified(message, other)).toThrow("No matching signature");
      const changed = Buffer.from(message.raw.toString().replace("room-", "rooM-"));
      expect(() => verified({ ...message, raw: changed }, SECRETS[id])).toThrow("No matching");
      const headers = { ...message.headers, "webhook-id": "another" };
      expect(() => verified({ ...message, headers }, SECRETS[id])).toThrow("No matching");
      const later = addMs(world.clock.now(), 6 * MINUTE_MS);
      expect(() => verified(message, SECRETS[id], later)).toThrow("too old");
    }
  });

  test("neither event nor log contains the StreamUrl, the receiver's URL or a secret", async () => {
    const taskId = await start();
    await stop(taskId);
    receiver().answer(500);
    await ran();
    receiver().answer(204);
    await world.clock.advance(MINUTE_MS);
    await ran();
    const said = receiver()
      .received.map(({ raw }) => raw.toString())
      .concat(world.app.logLines);
    expect(said.length).toBeGreaterThan(4);
    expect(said.join("\n")).not.toMatch(/url-signature|clip\.mp4|in-the-url|whsec_/);
    expect(said.join("\n")).not.toContain(SECRETS.one.slice(6));
  });

  test("a caller without a receiver has no stored events", async () => {
    const taskId = await start({}, "the-key-of-the-silent");
    await stop(taskId, "the-key-of-the-silent");
    expect(await outbox()).toEqual([]);
    expect(await ran()).toMatchObject({ delivered: 0, undelivered: 0, dropped: 0 });
  });

  test("a start that TRTC refuses has ended as failed, with the code", async () => {
    world.app.trtc.turn({ concurrency: 0 });
    const refused = await call("start-ingest", {
      RoomId: "refused",
      RoomIdType: 0,
      StreamUrl: world.app.clip,
    });
    world.app.trtc.turn({ callsPerSecond: 100_000 });
    await ran();
    expect(receiver().taken()).toMatchObject([
      {
        type: "ingest.ended",
        sequence: "1",
        data: {
          EndReason: "failed",
          FailureCode: refused.Error?.Code,
          TrtcTaskId: null,
          StartTime: null,
          UsageMinutes: 0,
          LatenessMs: null,
          Cost: { Usd: 0, UsdToDeadline: 0, Minutes: 0 },
        },
      },
    ]);
  });

  test("a receiver that fails for ten minutes then gets every event, in order per ingest", async () => {
    const { clock } = world;
    const ways: Manner[] = [500, "reset", "never", 404, { redirect: "http://127.0.0.1:1/" }, 503];
    let n = 0;
    receiver().answer(() => ways[(n += 1) % ways.length] ?? 500);
    // Every request fails until then, so a short limit changes no outcome.
    const hasty = { ...world.services, notifier: notifierWith(clock, 200) };
    const tasks: string[] = [];
    for (let minute = 0; minute < 10; minute += 1) {
      tasks.push(await start());
      const last = tasks.at(-2);
      if (last !== undefined) await stop(last);
      expect(await ran(hasty)).toMatchObject({ delivered: 0 });
      await clock.advance(MINUTE_MS);
    }
    await stop(tasks.at(-1) ?? "");
    const tried = receiver().received.map(({ event }) => event);
    // A later event waits until the receiver accepts the earlier one.
    expect(new Set(tried.map(({ type }) => type))).toEqual(new Set(["ingest.started"]));
    expect(tried.length).toBeGreaterThan(10);
    receiver().answer(204);
    for (let minute = 0; minute < 16; minute += 1) {
      await clock.advance(MINUTE_MS);
      await ran();
    }
    const taken = receiver().taken();
    expect(taken).toHaveLength(20);
    for (const taskId of tasks) {
      expect(typesOf(taskId, taken)).toEqual(["ingest.started", "ingest.ended"]);
    }
    expect(await outbox()).toEqual([]);
    // Each attempt sends the same body and id, with a new signature.
    const bodies = new Map<string, string>();
    for (const { headers, raw, event } of receiver().received) {
      expect(headers["webhook-id"]).toBe(event.id);
      expect(raw.toString()).toBe(bodies.get(event.id) ?? raw.toString());
      bodies.set(event.id, raw.toString());
    }
    expect(bodies.size).toBe(20);
    for (const message of receiver().received) {
      const at = new Date(Number(message.headers["webhook-timestamp"]) * 1000);
      expect(verified(message, SECRETS.one, at)).toEqual(message.event);
    }
  });

  test("a run that is killed before it records a delivery leads to a repeat with the same id", async () => {
    const taskId = await start();
    await stop(taskId);
    const { store } = world.services;
    const killed = () => Promise.reject(new Error("killed"));
    const dying = { ...store, outbox: { ...store.outbox, remove: killed } };
    await expect(ran({ ...world.services, store: dying })).rejects.toThrow("killed");
    expect(await ran()).toMatchObject({ delivered: 0 });
    await world.clock.advance(LEASE_MS);
    expect(await ran()).toMatchObject({ delivered: 2 });
    const ids = receiver().received.map(({ headers }) => headers["webhook-id"]);
    expect(ids).toEqual([`${taskId}-1`, `${taskId}-1`, `${taskId}-2`]);
  });

  test("an event that is refused for a day is dead, and kept with its reason", async () => {
    const taskId = await start();
    await stop(taskId);
    receiver().answer(500);
    for (let halfHours = 0; halfHours < 2 * 24; halfHours += 1) {
      expect(await ran()).toMatchObject({ delivered: 0, dead: 0 });
      await world.clock.advance(30 * MINUTE_MS);
    }
    expect(await ran()).toMatchObject({ dead: 1 });
    expect(await ran()).toMatchObject({ dead: 1 });
    expect(await outbox()).toMatchObject([
      { position: 1, dead_reason: "HTTP500" },
      { position: 2, dead_reason: "HTTP500" },
    ]);
    const attempts = receiver().received.length;
    receiver().answer(204);
    await world.clock.advance(DAY_MS);
    expect(await ran()).toMatchObject({ delivered: 0 });
    expect(receiver().received).toHaveLength(attempts);
    const at = world.clock.now();
    await world.services.store.outbox.revive({ taskId, position: 2, at });
    expect(await ran()).toMatchObject({ delivered: 1 });
    expect(receiver().taken()).toMatchObject([{ id: `${taskId}-2` }]);
  });

  test("an event that was not even tried for a day is tried once", async () => {
    await start({ MaxDuration: 7 * 24 * 60 });
    await world.clock.advance(2 * DAY_MS);
    expect(await ran()).toMatchObject({ delivered: 1 });
    receiver().answer(500);
    await start({ MaxDuration: 7 * 24 * 60 });
    await world.clock.advance(2 * DAY_MS);
    expect(await ran()).toMatchObject({ dead: 1, undelivered: 0 });
  });

  test("a hanging receiver delays its own events only", async () => {
    for (let n = 0; n < 15; n += 1) await start();
    const other = await start({}, KEYS.two);
    await stop(other, KEYS.two);
    receiver().answer("never");
    expect(await ran()).toMatchObject({ delivered: 2, undelivered: 10 });
    expect(receiver().received).toHaveLength(10);
    expect(typesOf(other, receiver("two").taken())).toEqual(["ingest.started", "ingest.ended"]);
    const outcomes = logged().filter(({ action }) => action === "ingest.started");
    expect(outcomes.filter(({ outcome }) => outcome === "Timeout")).toHaveLength(10);
  });

  test("one event that the receiver always refuses does not delay the others", async () => {
    const [bad, ...good] = [await start(), await start(), await start()];
    for (const taskId of [bad, ...good]) await stop(taskId);
    receiver().answer(({ subject }) => (subject === bad ? 422 : 204));
    expect(await ran()).toMatchObject({ delivered: 4, undelivered: 1 });
    for (const taskId of good) {
      expect(typesOf(taskId, receiver().taken())).toEqual(["ingest.started", "ingest.ended"]);
    }
  });

  test("the answer 410 drops this event, and the next one is sent", async () => {
    const taskId = await start();
    await stop(taskId);
    receiver().answer(({ type }) => (type === "ingest.started" ? 410 : 204));
    expect(await ran()).toMatchObject({ delivered: 1, dropped: 1, undelivered: 0 });
    expect(typesOf(taskId, receiver().taken())).toEqual(["ingest.ended"]);
    expect(await outbox()).toEqual([]);
    const gone = { level: "warn", outcome: "HTTP410", ingest: taskId, caller: "one" };
    expect(logged()).toContainEqual(expect.objectContaining(gone));
  });

  test("a redirect is not followed, inside or outside", async () => {
    await start();
    receiver().answer({ redirect: receiver("two").url });
    expect(await ran()).toMatchObject({ delivered: 0, undelivered: 1 });
    expect(receiver("two").received).toEqual([]);
    expect(logged()).toContainEqual(expect.objectContaining({ outcome: "HTTP307" }));
  });

  test.each([
    ["has left", () => undefined],
    ["has no receiver any more", (caller: object) => ({ ...caller, receiver: undefined })],
  ])("a waiting event of a caller who %s is dropped with a line in the log", async (_, change) => {
    const [taskId, other] = [await start(), await start({}, KEYS.two)];
    await stop(taskId);
    const { config } = world.services;
    const callers = new Map(
      [...config.callers].flatMap(([id, caller]) => {
        const changed = id === "one" ? change(caller) : caller;
        return changed ? [[id, changed as typeof caller] as const] : [];
      }),
    );
    const counts = await ran({ ...world.services, config: { ...config, callers } });
    expect(counts).toMatchObject({ dropped: 2, delivered: 1 });
    expect(await outbox()).toEqual([]);
    expect(receiver().received).toEqual([]);
    expect(typesOf(other, receiver("two").taken())).toEqual(["ingest.started"]);
    const lines = logged().filter(({ outcome }) => outcome === "NoReceiver");
    expect(lines.map(({ action }) => action).sort()).toEqual(["ingest.ended", "ingest.started"]);
    expect(new Set(lines.map(({ ingest }) => ingest))).toEqual(new Set([taskId]));
  });

  test("a run without enough time sends nothing", async () => {
    await start();
    await world.clock.advanceUntilDone(run(world.services, 10));
    expect(receiver().received).toEqual([]);
    expect(await ran()).toMatchObject({ delivered: 1 });
  });

  test("a claim that lapsed before the delivery is left to its new holder", async () => {
    await start();
    const { store } = world.services;
    const claim: typeof store.outbox.claim = async (request) => {
      const claimed = await store.outbox.claim(request);
      await world.clock.advance(LEASE_MS);
      return claimed;
    };
    const frozen = { ...store, outbox: { ...store.outbox, claim } };
    const counts = await run({ ...world.services, store: frozen });
    expect(counts).toMatchObject({ delivered: 0, undelivered: 0 });
    expect(receiver().received).toEqual([]);
    expect(await ran()).toMatchObject({ delivered: 1 });
  });

  test("a receiver costs a start no additional statement", async () => {
    const { database, services } = world.app;
    const asked: string[] = [];
    const query: typeof database.query = (text, parameters) => {
      asked.push(text);
      return database.query(text, parameters);
    };
    const store = createStore(
      { ...database, query },
      { clock: world.clock, isDatabaseOnClock: true },
    );
    const handler = makeHandler(() => Promise.resolve({ ...services, store }));
    const headers = { authorization: `Bearer ${KEYS.one}`, "content-type": "application/json" };
    const body = { SdkAppId: CN_APP, RoomId: "told", RoomIdType: 0, StreamUrl: world.app.clip };
    const event = { httpMethod: "POST", path: "/", headers, body: JSON.stringify(body) };
    const answer = await world.clock.advanceUntilDone(handler(event));
    expect(answer).toMatchObject({ statusCode: 200 });
    expect(asked).toHaveLength(2);
    expect(await outbox()).toHaveLength(1);
  });
});

test("concurrent runs send each event once, and in order", async () => {
  const world = await openWorld(openTestPostgres);
  const { clock, app, services, receivers } = world;
  try {
    const headers = { authorization: `Bearer ${KEYS.one}` };
    const send = (functionName: string, body: object) =>
      clock.advanceUntilDone(app.post(functionName, { SdkAppId: CN_APP, ...body }, headers));
    for (let n = 0; n < 30; n += 1) {
      const room = { RoomId: `at-once-${n}`, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
      const { response } = await send("start-ingest", room);
      await send("stop-ingest", { TaskId: response["TaskId"] });
    }
    const run = () => deliverNotifications(services, { timeLeftMs: () => 60_000 });
    const counts = await clock.advanceUntilDone(Promise.all([run(), run(), run(), run()]));
    expect(counts.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(60);
    const seen = new Map<string, number>();
    for (const { subject, sequence } of receivers.one.taken()) {
      expect(Number(sequence)).toBe((seen.get(subject) ?? 0) + 1);
      seen.set(subject, Number(sequence));
    }
    expect([...seen.values()]).toEqual(Array.from({ length: 30 }, () => 2));
  } finally {
    await app.close();
    await Promise.all(Object.values(receivers).map((each) => each.close()));
  }
});

test("pauses grow from five seconds to fifteen minutes, and differ by up to a fifth", () => {
  expect([1, 2, 3, 4, 5, 6, 99].map((attempts) => pauseMs(attempts, 0) / SECOND_MS)).toEqual([
    5, 15, 45, 135, 405, 900, 900,
  ]);
  expect(pauseMs(1, 1)).toBe(4000);
  expect(pauseMs(99, 0.5)).toBe(810_000);
});

describe("an event", () => {
  const at = new Date("2026-01-01T00:00:00Z");
  const ended = (facts: object) =>
    cloudEventOf({
      taskId: "ing-1",
      position: 3,
      callerId: "one",
      type: "ingest.ended",
      happenedAt: at,
      attempts: 1,
      tryAt: at,
      giveUpAt: at,
      facts: { state: "ended", sdk_app_id: CN_APP, ...facts },
    }).data;
  const span = {
    started_at: "2026-01-01T00:00:00+00:00",
    ended_at: "2026-01-01T00:10:00.001+00:00",
  };
  const due = { due_at: "2026-01-01T00:09:59.5+00:00" };

  test("of an end by the deadline has its lateness", () => {
    expect(ended({ ...span, ...due, end_reason: "expired" })).toMatchObject({
      LatenessMs: 501,
      UsageMinutes: 10.01,
      EndReason: "expired",
    });
  });

  test.each(["finished", "lost", "failed"])(
    "of an ingest that has %s has no lateness",
    (reason) => {
      expect(ended({ ...span, ...due, end_reason: reason }).LatenessMs).toBeNull();
    },
  );

  test("from before the prices has no cost", () => {
    expect(ended({ ...span, end_reason: "finished" }).Cost).toBeNull();
  });

  test("of an ingest that waits tells the cost to its deadline", () => {
    const { Cost } = ended({
      state: "starting",
      starts_at: "2026-01-01T00:00:00+00:00",
      started_at: null,
      deadline_at: "2026-01-01T01:00:00+00:00",
      ended_at: null,
      media: null,
      prices: listPrices,
    });
    expect(Cost).toMatchObject({ Usd: 0, UsdToDeadline: 0.8988, Minutes: 0 });
  });

  test("of a task that ended before its requested stop is not early", () => {
    const ahead = { due_at: "2026-01-01T01:00:00+00:00", end_reason: "stopped" };
    expect(ended({ ...span, ...ahead }).LatenessMs).toBe(0);
  });

  test("has the media's state when its statement has it", () => {
    const media = { media_state: "playing", media_at: "2026-01-01T00:00:01+00:00" };
    expect(ended({ ...span, ...media })).toMatchObject({
      MediaState: "playing",
      MediaTime: "2026-01-01T00:00:01.000Z",
    });
    expect(ended(span)).not.toHaveProperty("MediaState");
  });
});
