/** The function that TRTC calls: the requests it accepts, and its answers. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { LogFields } from "../../shared/log.js";
import type { Services } from "../../shared/ingest/services.js";
import { readCallbackBody } from "../../shared/runtime/callback/callback-body.js";
import { CALLBACK_MAX_BYTES } from "../../shared/runtime/callback/verify-callback.js";
import {
  answerTo,
  callbackEvent,
  callbackHeaders,
  memoryOf,
  OK,
  recordedBody,
  source,
  taskEnded,
  eventBody,
} from "../support/http/callbacks.js";
import { CN_APP, type TestApp, INTL_APP, startTestApp } from "../support/app/test-app.js";
import { PLATFORMS } from "../support/http/http-events.js";
import { application } from "../support/contract/settings.js";

const KEY = "123654";
/** The console's next key. TRTC signs with one key at a time. */
const NEXT_KEY = "789";
const OTHER_KEY = "OtherKey0000000000000000000000AB";
const NO_KEY_APP = 1400000001;

let app: TestApp;

beforeAll(async () => {
  const { SecretKey } = application;
  app = await startTestApp({
    env: {
      TRTC_APPS: JSON.stringify([
        { SdkAppId: CN_APP, SecretKey, Site: "cn", CallbackKeys: [KEY, NEXT_KEY] },
        { SdkAppId: INTL_APP, SecretKey, CallbackKeys: [OTHER_KEY] },
        { SdkAppId: NO_KEY_APP, SecretKey },
      ]),
    },
  });
});
afterAll(() => app.close());

/** The same test app at that time. */
const at = (ms: number): Services => ({
  ...app.services,
  clock: { ...app.services.clock, now: () => new Date(ms) },
});
const NOW = new Date("2026-03-01T12:00:00Z");
const NEWS = source("a-task-that-nobody-knows", 0, NOW);
/** The same services, whose store records a task's event in this way. */
function withTaskEvents(services: Services, recordTaskEvent: () => Promise<never>): Services {
  const roomEvents = { ...services.store.roomEvents, recordTaskEvent };
  const store: Services["store"] = { ...services.store, roomEvents, by: () => store };
  return { ...services, store };
}

const send = (event: unknown, now = NOW) => answerTo(at(now.getTime()), event);
const lastLine = () => JSON.parse(app.logLines.at(-1) ?? "{}") as LogFields;

describe("a published example of TRTC is accepted", () => {
  test.each([
    ["video-stopped", KEY, "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA=", 1664209748188],
    ["ingest-started", KEY, "Y2v6Is94qZztTzuALzMnYS2+mYbuhafkVBWxIBtyOeA=", 1701937900012],
  ])("%s, with its signature", async (name, key, sign, sentMs) => {
    const body = recordedBody(name);
    expect(await answerTo(at(sentMs), callbackEvent(body, { key, sign }))).toEqual(OK);
    expect(lastLine()).toMatchObject({ function: "room-callback", outcome: "ok", level: "info" });
  });

  test("signed with any of the application's keys during a rotation", async () => {
    for (const key of [KEY, NEXT_KEY]) expect(await send(callbackEvent(NEWS, { key }))).toEqual(OK);
  });

  test("in every platform's event, with or without base64", async () => {
    for (const [, platform] of PLATFORMS) {
      for (const isBase64Encoded of [true, false]) {
        const headers = callbackHeaders(NEWS, { key: KEY });
        const body = NEWS.toString(isBase64Encoded ? "base64" : "utf8");
        expect(
          await send({ ...platform, httpMethod: "POST", headers, body, isBase64Encoded }),
        ).toEqual(OK);
      }
    }
  });

  test("with headers in any case or as lists, and the application as a number", async () => {
    const { Sign } = callbackHeaders(NEWS, { key: KEY });
    for (const headers of [
      { sdkappid: String(CN_APP), sign: Sign },
      { SDKAPPID: [String(CN_APP)], SIGN: [Sign] },
      { sdkAppId: CN_APP, Sign },
    ]) {
      expect(await send({ ...callbackEvent(NEWS), headers })).toEqual(OK);
    }
  });

  test("with an answer under the 2,000 bytes that TRTC reads, headers included", async () => {
    const answer = await fetch(`${app.url}/room-callback`, {
      method: "POST",
      headers: callbackHeaders(NEWS, { key: KEY }),
      body: new Uint8Array(NEWS),
    });
    expect([answer.status, await answer.text()]).toEqual([200, '{"code":0}']);
    expect(JSON.stringify([...answer.headers]).length).toBeLessThan(1000);
  });
});

describe("a forged callback is refused and logged, and changes nothing:", () => {
  const foreign = callbackHeaders(NEWS, { key: OTHER_KEY })["Sign"] ?? "";

  test.each([
    ["no signature", { sign: null }, "not signed"],
    ["an empty signature", { sign: "" }, "not signed"],
    ["a wrong signature", { sign: "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA=" }, "another key"],
    ["another application's signature", { sign: foreign }, "another key"],
    ["its own signature, for another application", { sdkAppId: INTL_APP, key: KEY }, "another key"],
    ["an application that is not ours", { sdkAppId: 4711, key: KEY }, "no application of ours"],
    ["an application without a key", { sdkAppId: NO_KEY_APP, key: KEY }, "has no CallbackKeys"],
    ["an application without a key, signed with none", { sdkAppId: NO_KEY_APP, key: "" }, "has no"],
  ])("%s", async (_, signing, detail) => {
    const before = await memoryOf(app);
    const { status, text } = await send(callbackEvent(NEWS, { key: KEY, ...signing }));
    expect(status).toBe(401);
    expect(JSON.parse(text)).toMatchObject({ code: 401 });
    expect(lastLine()).toMatchObject({
      function: "room-callback",
      level: "warn",
      outcome: "AuthFailure.SignatureFailure",
      detail: expect.stringContaining(detail) as unknown,
    });
    expect(await memoryOf(app)).toEqual(before);
  });

  test("every forgery has the same answer", async () => {
    const texts = await Promise.all(
      [{ sign: null }, { sdkAppId: 4711 }, { sdkAppId: NO_KEY_APP }].map((signing) =>
        send(callbackEvent(NEWS, { key: KEY, ...signing })),
      ),
    );
    expect(new Set(texts.map(({ text }) => text)).size).toBe(1);
  });

  test("a body with the same content in other bytes", async () => {
    const { headers } = callbackEvent(NEWS, { key: KEY });
    const body = JSON.stringify(JSON.parse(NEWS.toString()));
    expect((await send({ ...callbackEvent(NEWS), headers, body })).status).toBe(401);
  });

  test("a body that is not JSON is refused for its signature", async () => {
    const body = Buffer.from("{");
    expect((await send(callbackEvent(body, { sign: "x" }))).status).toBe(401);
    expect(await send(callbackEvent(body, { key: KEY }))).toEqual(OK);
    expect(lastLine()).toMatchObject({ outcome: "ok", detail: "signed, and not readable" });
  });

  test("a body over 64 KB is refused before its signature is computed", async () => {
    const body = Buffer.alloc(CALLBACK_MAX_BYTES + 1, "x");
    expect((await send(callbackEvent(body, { key: KEY }))).status).toBe(413);
  });

  test("a method other than POST", async () => {
    const event = { ...callbackEvent(NEWS, { key: KEY }), httpMethod: "GET" };
    expect((await send(event)).status).toBe(405);
  });

  test("an event that is not HTTP", async () => {
    for (const event of [undefined, null, 1, "x", [], {}, { Type: "Timer" }]) {
      expect((await send(event)).status).toBe(400);
    }
  });
});

describe("an event of another time", () => {
  test.each([
    ["just young enough", -5 * MINUTE_MS, true],
    ["just too old", -5 * MINUTE_MS - 1, false],
    ["a year old", -365 * 24 * 60 * MINUTE_MS, false],
    ["from the near future of TRTC's clock", 5 * MINUTE_MS, true],
    ["from beyond that", 5 * MINUTE_MS + 1, false],
  ])("%s", async (name, offsetMs, isTaken) => {
    const body = source(`task ${name}`, 0, addMs(NOW, offsetMs));
    expect(await send(callbackEvent(body, { key: KEY }))).toEqual(OK);
    const rows = await app.database.query("select from unclaimed_task where trtc_task_id = $1", [
      `task ${name}`,
    ]);
    expect(rows).toHaveLength(isTaken ? 1 : 0);
    expect(lastLine().detail).toBe(isTaken ? undefined : "of another time: ignored");
  });
});

describe("TRTC is asked to repeat a callback when", () => {
  test("the database answers with an error", async () => {
    const services = at(NOW.getTime());
    const broken = withTaskEvents(services, () => Promise.reject(new Error("relation lost")));
    const { status, text } = await answerTo(broken, callbackEvent(NEWS, { key: KEY }));
    expect(status).toBe(500);
    expect(text).not.toMatch(/relation|at .*\.ts/);
    expect(lastLine()).toMatchObject({ level: "error", outcome: "InternalError" });
    expect(lastLine().detail).toContain("relation lost");
  });

  test("the database does not answer, within TRTC's five seconds", async () => {
    const services = at(NOW.getTime());
    const hanging = withTaskEvents(services, () => new Promise<never>(() => undefined));
    const { status } = await answerTo(hanging, callbackEvent(NEWS, { key: KEY }));
    expect(status).toBe(503);
  });
});

describe("a signed body is read leniently:", () => {
  const read = (body: unknown) => readCallbackBody(CN_APP, Buffer.from(JSON.stringify(body)));
  const eventAt = new Date(1701937900013);
  const common = { sdkAppId: CN_APP, eventAt };

  test.each([
    ["ingest-started", { kind: "source", trtcTaskId: "xx", media: "playing", ...common }],
    [
      "ingest-stopped",
      {
        kind: "task-ended",
        trtcTaskId: "CR6LqvF7KfFB+ZgRFr-rTEL2.SY.",
        sdkAppId: CN_APP,
        eventAt: new Date(1701937900100),
      },
    ],
    [
      "room-dismissed",
      {
        kind: "dismissed",
        roomId: "12345",
        roomIdType: 0,
        sdkAppId: CN_APP,
        eventAt: new Date(1687679250004),
      },
    ],
    [
      "user-entered",
      {
        kind: "entered",
        roomId: "12345",
        roomIdType: 1,
        userId: "test",
        sdkAppId: CN_APP,
        eventAt: new Date(1687770731831),
      },
    ],
    ["room-created", undefined],
    ["video-stopped", undefined],
  ])("%s", (name, event) => {
    expect(readCallbackBody(CN_APP, recordedBody(name))?.event).toEqual(event);
  });

  const ingest = {
    EventGroupId: 7,
    EventType: 701,
    CallbackMsTs: 1701937900012,
    EventInfo: { EventMsTs: 1701937900013, TaskId: "xx", Status: 0 },
  };
  const playing = { kind: "source", trtcTaskId: "xx", media: "playing", ...common };

  test.each([
    ["group 4, as the field table has it", { EventGroupId: 4 }],
    ["no group", { EventGroupId: undefined }],
    ["the time under the rooms' name", { CallbackMsTs: undefined, CallbackTs: 1701937900012 }],
    ["numbers as texts", { EventType: "701", CallbackMsTs: "1701937900012" }],
    ["fields that came later", { EventId: { a: [1] }, Version: 3 }],
    [
      "the event's time as a text",
      { EventInfo: { ...ingest.EventInfo, EventMsTs: "1701937900013" } },
    ],
    ["its time misspelt", { EventInfo: { TaskId: "xx", Status: "0", EventTsMs: 1701937900013 } }],
  ])("%s", (_, changes) => {
    expect(read({ ...ingest, ...changes })?.event).toEqual(playing);
  });

  test("the time in seconds, when it has no milliseconds", () => {
    const EventInfo = { TaskId: "xx", Status: 1, EventTs: 1701937900 };
    expect(read({ ...ingest, EventInfo })?.event).toMatchObject({
      eventAt: new Date(1701937900000),
      media: "failed",
    });
  });

  test.each([
    ["no time of sending", { CallbackMsTs: undefined }],
    ["a time that is none", { CallbackMsTs: 1e300 }],
    ["no type", { EventType: undefined }],
    ["a type that is none", { EventType: [701] }],
  ])("%s: has no event", (_, changes) => {
    expect(read({ ...ingest, ...changes })).toBeUndefined();
  });

  test.each([
    ["no EventInfo", { EventInfo: undefined }],
    ["an event a day away from its sending", { CallbackMsTs: 1701937900012 + 86_400_001 }],
    [
      "an event of the year 9999",
      { EventInfo: { ...ingest.EventInfo, EventMsTs: 253402300799000 } },
    ],
    ["an unknown Status", { EventInfo: { ...ingest.EventInfo, Status: 3 } }],
    ["no TaskId", { EventInfo: { ...ingest.EventInfo, TaskId: undefined } }],
    ["a TaskId with a NUL", { EventInfo: { ...ingest.EventInfo, TaskId: "a\0b" } }],
    ["a TaskId of 300 characters", { EventInfo: { ...ingest.EventInfo, TaskId: "x".repeat(300) } }],
    ["a type of tomorrow", { EventType: 703 }],
    ["the relay's event", { EventType: 401 }],
  ])("%s: has no event for us", (_, changes) => {
    const result = read({ ...ingest, ...changes });
    expect(result).toBeDefined();
    expect(result?.event).toBeUndefined();
  });

  test("bytes that are not text, and JSON that is no object", () => {
    for (const bytes of ["", "null", "[]", "1", '"x"', "{", "\u0000"]) {
      expect(readCallbackBody(CN_APP, Buffer.from(bytes))).toBeUndefined();
    }
    expect(readCallbackBody(CN_APP, Buffer.from([0x7b, 0xff, 0x7d]))).toBeUndefined();
  });
});

test("a signed event of another kind is accepted, and changes nothing", async () => {
  const before = await memoryOf(app);
  const room = { RoomId: "room", UserId: "someone" };
  for (const type of [101, 105, 201, 202, 203, 204, 205, 206, 401, 999]) {
    expect(await send(callbackEvent(eventBody(type, room, NOW), { key: KEY }))).toEqual(OK);
  }
  expect(await memoryOf(app)).toEqual(before);
  await send(callbackEvent(taskEnded("another unknown task", NOW), { key: KEY }));
  expect(await memoryOf(app)).not.toEqual(before);
});
