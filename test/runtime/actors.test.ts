/** Who changes an ingest, as its history says it: each function binds its store to the actor. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { addDeadLetter } from "../../shared/cloud-events/dead-letters.js";
import { ApiError } from "../../shared/contract/errors.js";
import { systemClock } from "../../shared/clock.js";
import { localCallbackKey } from "../../local/environment/local-environment.js";
import { runDeadLetters } from "../../ops/dead-letters/run.js";
import { operatorOf } from "../../ops/operator.js";
import { invoke } from "../../server/platform.js";
import { deadLetterIdOf, type EventMessage } from "../../shared/cloud-events/message.js";
import type { IngestEvent } from "../../shared/store/history/ingest-event.js";
import { callbackEvent, source } from "../support/http/callbacks.js";
import { QUEUE, ckafka, send, startAction } from "../support/http/cloud-events.js";
import { CN_APP, SECRET_ID, startTestApp, type TestApp } from "../support/app/test-app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const eventsOf = (taskId: unknown): Promise<IngestEvent[]> =>
  app.services.store.history.list({ taskId: String(taskId), after: 0, limit: 100 });

const start = async () => (await app.post("start-ingest", startFields())).response;

test("a caller, with its address and its request", async () => {
  const { TaskId, RequestId } = await start();
  const by = { kind: "caller", id: SECRET_ID, from: "127.0.0.1" };
  const started = { ...by, function: "start-ingest", requestId: RequestId };
  const update = await app.post("update-ingest", { SdkAppId: CN_APP, TaskId, Volume: 30 });
  const updated = { ...by, function: "update-ingest", requestId: update.response.RequestId };
  const stop = await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId });
  const stopped = { ...by, function: "stop-ingest", requestId: stop.response.RequestId };
  expect((await eventsOf(TaskId)).map(({ type, actor }) => ({ type, actor }))).toEqual([
    { type: "created", actor: started },
    { type: "started", actor: started },
    { type: "updated", actor: updated },
    { type: "stopping", actor: stopped },
    { type: "ended", actor: stopped },
  ]);
});

test("a header never says where a request comes from", async () => {
  const { RequestId } = (
    await app.post("start-ingest", startFields(), { "x-forwarded-for": "203.0.113.9" })
  ).response;
  const [row] = await app.database.query(
    `select actor ->> 'from' as source from ingest_event where actor ->> 'requestId' = '${RequestId}'`,
  );
  expect(row?.["source"]).toBe("127.0.0.1");
});

test("a timer, by its function", async () => {
  const { TaskId } = await start();
  await app.database.query(
    `update ingest set deadline_at = now() - interval '1 second' where task_id = '${String(TaskId)}'`,
  );
  await invoke(app.functionNamed("expire-ingests"), {});
  const last = (await eventsOf(TaskId)).slice(-2);
  expect(last).toMatchObject(
    ["stopping", "ended"].map((type) => ({
      type,
      actor: { kind: "timer", id: "expire-ingests", function: "expire-ingests" },
    })),
  );
});

test("a callback of TRTC", async () => {
  const { TaskId, TrtcTaskId } = await start();
  const key = localCallbackKey(CN_APP);
  const body = source(String(TrtcTaskId), 0, systemClock.now());
  await invoke(app.functionNamed("room-callback"), callbackEvent(body, { key }));
  expect((await eventsOf(TaskId)).at(-1)).toMatchObject({
    type: "media",
    actor: { kind: "callback", id: "room-callback", function: "room-callback" },
    after: { MediaState: "playing" },
  });
});

test("a message of a cloud event, by its source and its id", async () => {
  const ClientToken = randomBytes(8).toString("hex");
  await send(app, ckafka(startAction(app, { ClientToken })));
  const [row] = await app.database.query(
    `select actor from ingest_event join ingest using (task_id) where client_token like '%${ClientToken}'`,
  );
  expect(row?.["actor"]).toMatchObject({
    kind: "event",
    id: expect.stringMatching(/./) as unknown,
    from: expect.stringMatching(/./) as unknown,
    function: "cloud-event",
  });
});

test("an operator who replays a dead letter, by name", async () => {
  const ClientToken = randomBytes(8).toString("hex");
  const message: EventMessage = {
    source: QUEUE,
    id: ClientToken,
    content: { kind: "action", body: JSON.stringify(startAction(app, { ClientToken })) },
  };
  await addDeadLetter(app.services, message, new ApiError("ResourceNotFound"));
  const { services } = app;
  const desk = { env: {}, store: services.store, clock: systemClock, services: () => services };
  const replayed = await runDeadLetters(["replay", deadLetterIdOf(message)], desk);
  expect(replayed).toMatchObject({ code: 0 });
  const rows = await app.database.query(
    `select distinct actor from ingest_event join ingest using (task_id) where client_token like '%${ClientToken}'`,
  );
  expect(rows).toEqual([{ actor: operatorOf("dead-letters replay") }]);
  expect(operatorOf("x").id).not.toBe("");
});

function startFields(): object {
  const fields = startAction(app, { RoomId: randomBytes(8).toString("hex") });
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== "Action"));
}
