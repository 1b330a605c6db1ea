/**
 * A connection breaks around a COMMIT. A committed change stays although its answer was lost, and
 * the next request makes a change that was not committed. No accepted request is lost.
 */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database/database-proxy.js";
import { CN_APP, KEY, type TestApp, startTestApp } from "../../support/app/test-app.js";

/** A text of each statement that no other statement contains. */
const STATEMENT = {
  beginStart: "insert into ingest",
  markRunning: "set state = 'running'",
  beginStop: "end_reason = coalesce(end_reason, $",
  markEnded: "set state = 'ended', ended_at = $",
  markUpdated: "insert into used_signature",
};

let proxy: DatabaseProxy;
let app: TestApp;
beforeEach(async () => {
  proxy = await startDatabaseProxy(await newPostgresUrl());
  const database = openPostgres(proxy.url);
  app = await startTestApp({ database, env: { EXPIRY_TICK_SECONDS: "1" } });
});
afterEach(async () => {
  await app.close();
  await proxy.close();
});

const fields = () => ({
  SdkAppId: CN_APP,
  RoomId: "room",
  RoomIdType: 0,
  StreamUrl: app.clip,
  RepeatNum: -1,
});
/** As the platform hands it over, with the time that is left. */
const eventOf = (body: object) => ({
  httpMethod: "POST",
  path: "/",
  headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
  body: JSON.stringify(body),
});
const start = (ClientToken = "token") => app.post("start-ingest", { ...fields(), ClientToken });
const requestFor = (TaskId: unknown) => ({ SdkAppId: CN_APP, TaskId });
const rows = () => app.database.query("select * from ingest order by task_id");
const expire = () => app.functionNamed("expire-ingests").handler({ Type: "Timer" });
const playing = async () =>
  (await app.truth.tasks()).filter(({ state }) => state !== "ended").length;
const CODE = { retry: "ServiceUnavailable", unknown: "InternalError" };

/** Runs a request while that statement, or its answer, is lost. */
async function losing<T>(
  what: "statement" | "answer",
  text: string,
  ask: () => Promise<T>,
): Promise<T> {
  const lost = proxy.lose(what, text);
  const result = await ask();
  await lost;
  return result;
}

describe("a start", () => {
  test("without a ClientToken does not ask the caller to send it again at once, or with the same token", async () => {
    const ask = () => app.post("start-ingest", { ...fields(), ClientToken: undefined });
    const { response } = await losing("answer", STATEMENT.beginStart, ask);
    expect(response.Error?.Code).toBe(CODE.retry);
    expect(response.Error?.Message).toContain("see with ListStreamIngests");
    expect(response.Error?.Message).not.toMatch(/same (ClientToken|request)/);
  });

  test("whose row never arrived leaves no row, and TRTC is not called", async () => {
    const { status, response } = await losing("statement", STATEMENT.beginStart, start);
    expect([status, response.Error?.Code]).toEqual([503, CODE.retry]);
    expect(await rows()).toEqual([]);
    expect(app.trtc.calls("StartStreamIngest")).toBe(0);
    expect((await start()).status).toBe(200);
  });

  test("whose row was committed without an answer is found by its token, and is free at once", async () => {
    const { status, response } = await losing("answer", STATEMENT.beginStart, start);
    expect([status, response.Error?.Code]).toEqual([503, CODE.retry]);
    expect(response.Error?.Message).toContain("with the same ClientToken");
    const [row] = await rows();
    expect(row).toMatchObject({ state: "starting", client_token: "token token" });
    // Its lease of 35 s is over, although its instance did not learn of the row.
    expect((row?.["lease_until"] as Date).getTime()).toBeLessThanOrEqual(clock.now().getTime());
    expect(app.trtc.calls("StartStreamIngest")).toBe(0);
    const again = await start();
    expect([again.status, again.response["TaskId"]]).toEqual([200, row?.["task_id"]]);
    expect(await playing()).toBe(1);
  });

  test("at a StartTime is left to its timer, whose claim has the same fence", async () => {
    const StartTime = addMs(clock.now(), 60 * SECOND_MS).toISOString();
    const ask = () => app.post("start-ingest", { ...fields(), ClientToken: "later", StartTime });
    const { response } = await losing("answer", STATEMENT.beginStart, ask);
    expect(response.Error?.Code).toBe(CODE.retry);
    expect(await rows()).toMatchObject([{ state: "starting", lease_until: null }]);
    const again = await ask();
    expect([again.status, again.response["State"]]).toEqual([200, "scheduled"]);
  });

  test.each(["statement", "answer"] as const)(
    "that TRTC accepted succeeds although the %s of its outcome was lost",
    async (what) => {
      const { status, response } = await losing(what, STATEMENT.markRunning, start);
      expect(status).toBe(200);
      expect(await rows()).toMatchObject([{ task_id: response["TaskId"], state: "running" }]);
      expect((await start()).response["TaskId"]).toBe(response["TaskId"]);
      expect(await playing()).toBe(1);
      expect(app.trtc.calls("StartStreamIngest")).toBe(1);
    },
  );

  test("that TRTC accepted keeps its row in a longer outage, and the log names the task", async () => {
    const outage = proxy.lose("statement", STATEMENT.markRunning).then(() => proxy.turn("refused"));
    const { handler } = app.functionNamed("start-ingest");
    const endsMs = clock.elapsedMs() + 8 * SECOND_MS;
    const answer = await handler(eventOf({ ...fields(), ClientToken: "token" }), {
      getRemainingTimeInMillis: () => endsMs - clock.elapsedMs(),
    });
    await outage;
    expect((answer as { body: string }).body).toContain(CODE.unknown);
    await proxy.turn("through");
    expect(await rows()).toMatchObject([{ state: "starting", lease_until: expect.any(Date) }]);
    const [task] = await app.truth.tasks();
    expect(app.logLines.at(-1)).toContain(`TRTC plays ${task?.taskId ?? "nothing"} for ing-`);
  });
});

describe("an update", () => {
  test.each(["statement", "answer"] as const)(
    "whose %s was lost succeeds, and takes effect once",
    async (what) => {
      const { response } = await start();
      const update = () =>
        app.post("update-ingest", {
          ...requestFor(response["TaskId"]),
          MaxDuration: 30,
          Volume: 40,
          Sequence: 7,
        });
      const lost = await losing(what, STATEMENT.markUpdated, update);
      expect(lost.status).toBe(200);
      expect(app.trtc.calls("UpdateStreamIngest")).toBe(1);
      const outdated = await update();
      expect(outdated.response.Error?.Message).toContain("An update with Sequence 7 took effect");
      const [row] = await rows();
      const minutes = (Number(row?.["deadline_at"]) - Number(row?.["started_at"])) / 60_000;
      expect(minutes).toBeCloseTo(30, 0);
    },
  );
});

describe("a stop", () => {
  test.each(["statement", "answer"] as const)(
    "whose %s was lost succeeds at once, and calls TRTC once",
    async (what) => {
      const { response } = await start();
      const stop = () => app.post("stop-ingest", requestFor(response["TaskId"]));
      expect((await losing(what, STATEMENT.beginStop, stop)).status).toBe(200);
      expect(await rows()).toMatchObject([{ state: "ended", end_reason: "stopped" }]);
      expect(app.trtc.calls("StopStreamIngest")).toBe(1);
      expect(await playing()).toBe(0);
    },
  );

  test.each(["statement", "answer"] as const)(
    "that TRTC carried out succeeds although the %s of its outcome was lost",
    async (what) => {
      const { response } = await start();
      const stop = () => app.post("stop-ingest", requestFor(response["TaskId"]));
      expect((await losing(what, STATEMENT.markEnded, stop)).status).toBe(200);
      expect(await rows()).toMatchObject([{ state: "ended", end_reason: "stopped" }]);
      expect(await playing()).toBe(0);
    },
  );

  test("that was committed before a longer outage is finished by the timer with the same reason", async () => {
    const { response } = await start();
    const stop = () => app.post("stop-ingest", requestFor(response["TaskId"]));
    const outage = proxy.lose("answer", STATEMENT.beginStop).then(() => proxy.turn("refused"));
    const endsMs = clock.elapsedMs() + 8 * SECOND_MS;
    const lost = await app
      .functionNamed("stop-ingest")
      .handler(eventOf(requestFor(response["TaskId"])), {
        getRemainingTimeInMillis: () => endsMs - clock.elapsedMs(),
      });
    await outage;
    expect((lost as { body: string }).body).toContain(CODE.retry);
    await proxy.turn("through");
    const reason = { end_reason: "stopped" };
    expect(await rows()).toMatchObject([{ state: "stopping", ...reason }]);
    expect(await playing()).toBe(1);
    // The claim's lease of 10 s has to lapse first.
    for (let run = 0; run < 15 && (await playing()) + (await unended()) > 0; run += 1) {
      await expire();
      await clock.sleep(SECOND_MS);
    }
    expect(await rows()).toMatchObject([{ state: "ended", ...reason }]);
    expect(await playing()).toBe(0);
    expect((await stop()).status).toBe(200);
  });

  const unended = async () => (await rows()).filter(({ state }) => state !== "ended").length;
});
