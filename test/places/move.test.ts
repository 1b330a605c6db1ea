/** `trtc-ingest move-account`: live and scheduled ingests move while the timers of both databases run. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { movableIngests, settleHeld } from "../../shared/store/move/ingests.js";
import { movableSchedules, planHeld } from "../../shared/store/move/schedules.js";
import { type Movable, moveRows, type Route } from "../../shared/store/move/move.js";
import { CN_APP, INTL_APP } from "../support/app/test-app.js";
import { type SplitApp, startSplitApp, tasksIn } from "../support/split-app.js";
import { cli } from "../support/cli.js";

/** `cn` moves from the database of DATABASE_URL to the other one. */
let app: SplitApp;
let route: Route;
beforeAll(async () => {
  app = await startSplitApp({
    env: { EXPIRY_TICK_SECONDS: "1", ADVANCE_TICK_SECONDS: "1" },
    urlsOfCn: ({ mainUrl, otherUrl }) => [otherUrl, mainUrl],
  });
  route = { from: app.main, to: app.other };
});
afterAll(() => app.close());

/** Starts where the account was before its new database was named. */
async function startOld(RoomId: string, fields: object = {}): Promise<string> {
  const { places: _, ...services } = app.services;
  const { makeHandler } = await import("../../functions/start-ingest.js");
  const answer = await makeHandler(() => Promise.resolve(services))(eventOf(RoomId, fields));
  const { Response } = JSON.parse(answer.body) as { Response: { TaskId: string; Error?: object } };
  expect(Response.Error).toBeUndefined();
  return Response.TaskId;
}

const requestOf = (RoomId: string, fields: object) => ({
  SdkAppId: CN_APP,
  RoomId,
  StreamUrl: app.clip,
  RepeatNum: -1,
  ...fields,
});

const eventOf = (RoomId: string, fields: object) => ({
  httpMethod: "POST",
  path: "/",
  headers: { authorization: "Bearer local-secret-key", "content-type": "application/json" },
  queryString: {},
  body: JSON.stringify(requestOf(RoomId, fields)),
});

const describeIt = async (TaskId: string) =>
  (await app.post("describe-ingest", { TaskId })).response;

const move = (...flags: string[]) =>
  cli(["move-account", "cn", ...flags], {
    DATABASE_URL: app.mainUrl,
    DATABASE_URLS: JSON.stringify({ cn: [app.otherUrl, app.mainUrl] }),
    TRTC_APPS: JSON.stringify([...app.services.config.applications.values()]),
  });

const end = (database: Database, taskId: string) =>
  database.query("update ingest set deadline_at = now() where task_id = $1", [taskId]);

const expire = () => app.functionNamed("expire-ingests").handler({});

describe("before its rows move", () => {
  test("an account's ingests of both databases are found, listed, stopped and ended", async () => {
    const old = await startOld("1");
    const { response } = await app.post("start-ingest", requestOf("2", {}));
    const fresh = String(response["TaskId"]);
    expect(await tasksIn(app.main)).toEqual([old]);
    expect(await tasksIn(app.other)).toEqual([fresh]);

    const { response: listed } = await app.post("list-ingests", { SdkAppId: CN_APP });
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: old });
    await end(app.other, fresh);
    await expire();

    const ids = (listed["Ingests"] as { TaskId: string }[]).map(({ TaskId }) => TaskId);
    expect(ids).toEqual([fresh, old]);
    expect((await describeIt(old))["EndReason"]).toBe("stopped");
    expect((await describeIt(fresh))["EndReason"]).toBe("expired");
  });

  test("a repeat of a start finds the ingest from before, and a robot is not taken twice", async () => {
    const once = { ClientToken: "once", UserId: "robot-of-ours" };
    const old = await startOld("3", once);

    const again = await app.post("start-ingest", requestOf("3", once));
    const busy = await app.post("start-ingest", requestOf("3", { UserId: "robot-of-ours" }));

    expect(again.response["TaskId"]).toBe(old);
    expect(busy.response.Error?.Code).toBe("FailedOperation.TaskExist");
    await app.post("stop-ingest", { TaskId: old });
  });
});

describe("a move", () => {
  test("without --yes changes nothing", async () => {
    const old = await startOld("4");
    const { code, out } = await move();

    expect([code, out]).toEqual([0, expect.stringContaining("nothing was changed")]);
    expect(await tasksIn(app.main)).toContain(old);
  });

  test("takes live, scheduled and ended ingests with their history, and leaves what is due", async () => {
    const live = await startOld("5");
    const due = await startOld("6");
    const StartTime = addMs(new Date(), 10 * MINUTE_MS).toISOString();
    const scheduled = await startOld("7", { StartTime, MaxDuration: 5 });
    await app.main.query(
      "update ingest set deadline_at = now() + interval '100 seconds' where task_id = $1",
      [due],
    );
    const intl = await app.post("start-ingest", { ...requestOf("8", {}), SdkAppId: INTL_APP });
    const events = await historyOf(app.main, live);

    const first = await move("--yes");

    expect([first.code, first.out]).toEqual([1, expect.stringContaining("1 live ingests")]);
    expect((await tasksIn(app.main)).sort()).toEqual([due, intl.response["TaskId"]].sort());
    expect(await tasksIn(app.other)).toEqual(expect.arrayContaining([live, scheduled]));
    expect(await historyOf(app.other, live)).toEqual(events);
    expect((await describeIt(scheduled))["State"]).toBe("scheduled");

    // Each ends where it is, and the scheduled one starts in its new database.
    await end(app.main, due);
    await end(app.other, live);
    await app.other.query(
      "update ingest set starts_at = now(), advance_at = now() where task_id = $1",
      [scheduled],
    );
    await Promise.all([expire(), app.functionNamed("advance-ingests").handler({})]);
    expect((await describeIt(due))["EndReason"]).toBe("expired");
    expect((await describeIt(live))["EndReason"]).toBe("expired");
    expect((await describeIt(scheduled))["State"]).toBe("running");

    await app.main.query(
      `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
       values ('AKIDlocal', '2026-01-05', $1, 3, 2, 60000, 14980)`,
      [CN_APP],
    );
    const counted = await countedIn(app.other);
    const last = await move("--yes");
    expect([last.code, last.out]).toEqual([0, expect.stringContaining("the account cn has moved")]);
    expect(await app.main.query("select from ingest where account = 'cn'")).toEqual([]);
    expect(await app.main.query("select from spend_day where sdk_app_id = $1", [CN_APP])).toEqual(
      [],
    );
    expect(await spentIn(app.other)).toBeGreaterThan(0);
    // What was spent in the old database is counted there, and is no new spending.
    expect(await countedIn(app.other)).toEqual(counted);
  });

  test("takes a schedule with its occurrences, which are planned on there", async () => {
    const { places: _, ...services } = app.services;
    const { makeHandler } = await import("../../functions/schedules.js");
    const event = eventOf("9", {});
    const body = JSON.stringify({
      Name: "hourly",
      TimeZone: "UTC",
      Windows: [{ Recurrence: "0 * * * *", DurationSeconds: 600 }],
      Ingest: { SdkAppId: CN_APP, RoomId: "9", StreamUrl: app.clip, RepeatNum: -1 },
    });
    const headers = { ...event.headers, "x-tc-action": "CreateIngestSchedule" };
    const answer = await makeHandler(() => Promise.resolve(services))({ ...event, headers, body });
    const { ScheduleId } = (JSON.parse(answer.body) as { Response: { ScheduleId: string } })
      .Response;
    const planned = await app.main.query("select nominal_at from occurrence order by 1");
    expect(planned.length).toBeGreaterThan(0);

    await move("--yes", "--ahead", "0");
    await app.functionNamed("plan-schedules").handler({});

    expect(await app.main.query("select from schedule")).toEqual([]);
    expect(await app.other.query("select nominal_at from occurrence order by 1")).toEqual(planned);
    const [row] = await app.other.query("select plan_at from schedule where schedule_id = $1", [
      ScheduleId,
    ]);
    expect(row?.["plan_at"]).not.toBeNull();
  });
});

const historyOf = (database: Database, taskId: string) =>
  database.query("select * from ingest_event where task_id = $1 order by sequence", [taskId]);

async function spentIn(database: Database): Promise<number> {
  const [row] = await database.query(
    "select coalesce(sum(ingests), 0)::integer as ingests from spend_day where sdk_app_id = $1",
    [CN_APP],
  );
  return Number(row?.["ingests"]);
}

/** The counter of the metrics, which nothing but new spending may move. */
async function countedIn(database: Database) {
  const [row] = await database.query(
    "select coalesce(sum(played_ms), 0)::float8 as ms, coalesce(sum(micro_usd), 0)::float8 as usd from spend_count",
  );
  return row;
}

class Killed extends Error {}

/** A run that dies before its nth statement, of both databases together. */
function dyingBefore(nth: number): Route {
  let sent = 0;
  const mortal = (database: Database): Database => {
    const die =
      (query: Database["query"]): Database["query"] =>
      async (text, parameters) => {
        sent += 1;
        if (sent >= nth) throw new Killed();
        return query(text, parameters);
      };
    return {
      ...database,
      query: die(database.query),
      transaction: (work) => database.transaction((query) => work(die(query))),
    };
  };
  return { from: mortal(route.from), to: mortal(route.to) };
}

/** Runs it with one more statement each time, until a run is through. */
async function killedAtEach(work: (route: Route) => Promise<void>, check: () => Promise<void>) {
  for (let nth = 1; nth < 100; nth += 1) {
    try {
      await work(dyingBefore(nth));
      return nth;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      await check();
    }
  }
  throw new Error("it never came through");
}

describe("a run that is killed before any statement", () => {
  test("leaves each ingest to one timer for its start, and to one at least for its end", async () => {
    const live = await startOld("10");
    const kind: Movable = movableIngests("cn", 0);
    const acts = (database: Database) =>
      database.query(
        "select from ingest where task_id = $1 and coalesce(advance_lease_until < '9999-01-01', true)",
        [live],
      );
    const ends = (database: Database) =>
      database.query(
        "select from ingest where task_id = $1 and lease_until is null and due_at is not null",
        [live],
      );
    const deaths = await killedAtEach(
      async (mortal) => {
        await settleHeld({ from: mortal.from.query, to: mortal.to.query }, "cn");
        await moveRows(mortal, kind, () => undefined);
      },
      async () => {
        const acting = (await acts(app.main)).length + (await acts(app.other)).length;
        const ending = (await ends(app.main)).length + (await ends(app.other)).length;
        expect(acting).toBeLessThanOrEqual(1);
        expect(ending).toBeGreaterThanOrEqual(1);
      },
    );

    expect(deaths).toBeGreaterThan(5);
    expect(await acts(app.main)).toEqual([]);
    expect(await acts(app.other)).toHaveLength(1);
    await end(app.other, live);
    await expire();
    expect((await describeIt(live))["EndReason"]).toBe("expired");
  });

  test("leaves a schedule planned by one database at most, and the next run goes on", async () => {
    await app.main.query(
      `insert into schedule select (jsonb_populate_record(null::schedule, to_jsonb(known.*) || '{"schedule_id":"sch-dying","name":"dying"}')).*
       from (select $1::jsonb as row) as sent
       cross join lateral jsonb_populate_record(null::schedule, sent.row) as known`,
      [
        JSON.stringify(
          (await app.other.query("select to_jsonb(schedule) as row from schedule limit 1"))[0]?.[
            "row"
          ],
        ),
      ],
    );
    await app.main.query("update schedule set plan_at = now()");
    const planning = (database: Database) =>
      database.query(
        "select from schedule where schedule_id = 'sch-dying' and plan_at is not null",
      );
    const deaths = await killedAtEach(
      async (mortal) => {
        await planHeld({ from: mortal.from.query, to: mortal.to.query }, [CN_APP]);
        await moveRows(mortal, movableSchedules([CN_APP]), () => undefined);
      },
      async () => {
        const both = (await planning(app.main)).length + (await planning(app.other)).length;
        expect(both).toBeLessThanOrEqual(1);
      },
    );

    expect(deaths).toBeGreaterThan(5);
    expect(await planning(app.other)).toHaveLength(1);
    expect(await app.main.query("select from schedule")).toEqual([]);
  });
});

test("an ingest that changes while it is copied stays, and its copy goes", async () => {
  const live = await startOld("11");
  const kind = movableIngests("cn", 0);
  const changing: Movable = {
    ...kind,
    async write(queries, batch) {
      await kind.write(queries, batch);
      await app.main.query("update ingest set heard_at = now() where task_id = $1", [live]);
    },
  };

  await moveRows(route, changing, () => undefined);

  expect(await tasksIn(app.main)).toContain(live);
  expect(await tasksIn(app.other)).not.toContain(live);
});

test("move-account refuses an account with one URL, and says what to do", async () => {
  const { code, output } = await cli(["move-account", "intl", "--yes"], {
    DATABASE_URL: app.mainUrl,
    DATABASE_URLS: JSON.stringify({ cn: [app.otherUrl, app.mainUrl] }),
    TRTC_APPS: JSON.stringify([...app.services.config.applications.values()]),
  });

  expect(code).not.toBe(0);
  expect(output).toContain("DATABASE_URLS has no two URLs for the account intl");
});
