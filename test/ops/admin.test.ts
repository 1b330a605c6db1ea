/** `trtc-ingest admin list`, `stop` and `move`: the ingests of all callers, through the database. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, systemClock } from "../../shared/clock.js";
import { runAdmin } from "../../ops/admin/run.js";
import { expireIngests } from "../../shared/ingest/stop/expire.js";
import { listEvents } from "../../shared/store/history/list-events.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { runningIngest, T0 } from "../support/app/ingests.js";
import { CN_APP, startTestApp, type TestApp } from "../support/app/test-app.js";
import { cli, type CliOptions } from "../support/cli.js";
import { newPostgresUrl } from "../support/database/databases.js";

const OTHER_KEY = "other-callers-secret-key";
const CALLERS = JSON.stringify([
  { Id: "AKIDlocal", SecretKeys: ["local-secret-key"], SdkAppIds: [CN_APP] },
  { Id: "AKIDother", SecretKeys: [OTHER_KEY], SdkAppIds: [CN_APP] },
]);

let app: TestApp;
let DATABASE_URL: string;
beforeAll(async () => {
  DATABASE_URL = await newPostgresUrl();
  app = await startTestApp({ database: openPostgres(DATABASE_URL), env: { CALLERS } });
});
afterAll(() => app.close());
beforeEach(() => app.database.query("truncate ingest, outbox, call_slot"));

const NO_KEYS = { CALLERS: "", TRTC_APPS: "", TRTC_ACCOUNTS: "", NO_COLOR: "1" };

/** An operator has the database, and no key of TRTC. */
const admin = (args: string[], options: CliOptions = {}) =>
  cli(["admin", ...args], { ...NO_KEYS, DATABASE_URL }, options);

/** Each pause of the command is a run of expire-ingests. */
const withTimer = {
  clock: {
    ...systemClock,
    async sleep() {
      await expireIngests(app.services, { timeLeftMs: () => 20_000 });
    },
  },
};

/** No timer runs, and the pauses of the command take no time. */
const withoutTimer = () => {
  let elapsedMs = 0;
  const sleep = (ms: number) => Promise.resolve(void (elapsedMs += ms));
  return { clock: { ...systemClock, elapsedMs: () => elapsedMs, sleep } };
};

async function start(room: string, { key = "local-secret-key", fields = {} } = {}) {
  const body = {
    ...{ SdkAppId: CN_APP, RoomId: room, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 },
    ...{ MaxDuration: 90, ExtendableUntil: addMs(new Date(), 300 * MINUTE_MS).toISOString() },
    ...fields,
  };
  const answer = await app.post("start-ingest", body, { authorization: `Bearer ${key}` });
  expect(answer.response.Error).toBeUndefined();
  return String(answer.response["TaskId"]);
}

const threeIngests = async () => ({
  mine: await start("lobby"),
  theirs: await start("lobby", { key: OTHER_KEY }),
  elsewhere: await start("stage", { key: OTHER_KEY }),
});

const rowOf = async (taskId: string) => (await app.services.store.ingests.read(taskId)) as Ingest;

const tasksIn = (out: string) =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t")[0]);

describe("admin list", () => {
  test("shows the ingests of all callers, or of a room or a caller", async () => {
    const { mine, theirs, elsewhere } = await threeIngests();

    const all = await admin(["list"]);
    const room = await admin(["list", "--room", "lobby"]);
    const both = await admin(["list", "--room", "lobby", "--caller", "AKIDother"]);

    expect(all.code).toBe(0);
    expect(tasksIn(all.out)).toEqual([elsewhere, theirs, mine]);
    expect(tasksIn(room.out)).toEqual([theirs, mine]);
    expect(both.out).toMatch(new RegExp(`^${theirs}\tAKIDother\trunning\tlobby\t.*\t\n$`));
  });

  test("says when --limit leaves some out", async () => {
    const { theirs, elsewhere } = await threeIngests();

    const cut = await admin(["list", "--limit", "2"]);
    const whole = await admin(["list", "--limit", "3"]);

    expect(tasksIn(cut.out)).toEqual([elsewhere, theirs]);
    expect(cut.err).toBe("the newest 2: send a larger --limit for more\n");
    expect(whole.err).toBe("");
  });

  test("shows a state, and ended ones only when they are asked for", async () => {
    const { mine, theirs } = await threeIngests();
    const later = addMs(new Date(), 60 * MINUTE_MS).toISOString();
    const scheduled = await start("later", { fields: { StartTime: later } });
    await app.post("stop-ingest", { TaskId: mine });

    expect(tasksIn((await admin(["list", "--state", "scheduled"])).out)).toEqual([scheduled]);
    expect(tasksIn((await admin(["list", "--state", "ended"])).out)).toEqual([mine]);
    expect(tasksIn((await admin(["list"])).out)).toEqual(expect.arrayContaining([theirs]));
    expect((await admin(["list"])).out).not.toContain(mine);
  });

  test("shows what is in trouble, and why", async () => {
    await threeIngests();
    const overdue = await runningIngest(app.services.store, { createdAt: T0 });

    const table = await admin(["list", "--trouble"], { terminal: 300 });
    const json = await admin(["list", "--trouble", "--json"]);

    expect(table.out).toMatch(/^TASK +CALLER +STATE .* TROUBLE\n/);
    expect(table.out).toMatch(
      new RegExp(`\n${overdue.taskId} .* its stop is late by .+ d \\d\\d h: `),
    );
    expect(JSON.parse(json.out)).toMatchObject({
      TaskId: overdue.taskId,
      Trouble: [expect.stringContaining("expire-ingests does not run")],
    });
  });

  test("says when there are none", async () => {
    expect(await admin(["list"])).toEqual({
      code: 0,
      out: "",
      err: "no ingests\n",
      output: "no ingests\n",
    });
  });
});

describe("admin list --state ended", () => {
  const failed = async (room: string, key: string) => {
    const taskId = await start(room, { key });
    await app.database.query(
      "update ingest set state = 'ended', ended_at = now(), end_reason = 'lost' where task_id = $1",
      [taskId],
    );
    return taskId;
  };
  const stopped = async (room: string, key: string) => {
    const taskId = await start(room, { key });
    await app.post("stop-ingest", { TaskId: taskId }, { authorization: `Bearer ${key}` });
    return taskId;
  };

  test("with --trouble shows what failed, however much ended well since", async () => {
    const mine = await failed("lobby", "local-secret-key");
    const theirs = await failed("stage", OTHER_KEY);
    for (const room of ["lobby", "stage", "lobby"]) await stopped(room, OTHER_KEY);
    const ended = ["list", "--state", "ended", "--trouble"];

    expect(tasksIn((await admin([...ended, "--limit", "2"])).out)).toEqual([theirs, mine]);
    expect(tasksIn((await admin([...ended, "--room", "lobby"])).out)).toEqual([mine]);
    expect(tasksIn((await admin([...ended, "--caller", "AKIDother"])).out)).toEqual([theirs]);
    expect((await admin(ended)).out).toMatch(/\tTRTC no longer knew its task\n/);
  });

  test("with --room shows those of all callers, newest first", async () => {
    const mine = await stopped("lobby", "local-secret-key");
    const theirs = await stopped("lobby", OTHER_KEY);
    await stopped("stage", OTHER_KEY);

    const { out } = await admin(["list", "--state", "ended", "--room", "lobby"]);

    expect(tasksIn(out)).toEqual([theirs, mine]);
  });
});

describe("admin timeline", () => {
  test("shows what happened to an ingest of any caller, and who did it", async () => {
    const taskId = await start("lobby", { key: OTHER_KEY });
    await admin(["stop", "--room", "lobby", "--yes"], withTimer);

    const { code, out } = await admin(["timeline", taskId]);
    const json = await admin(["timeline", taskId, "--json"]);

    expect(code).toBe(0);
    const whatAndWho = out
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t").slice(1, 3));
    expect(whatAndWho.slice(0, 2)).toEqual([
      ["created", "caller AKIDother"],
      ["started", "caller AKIDother"],
    ]);
    expect(whatAndWho).toContainEqual(["stopping", expect.stringMatching(/^operator ./)]);
    expect(JSON.parse(json.out.split("\n")[0] ?? "")).toMatchObject({
      Type: "created",
      Actor: { Kind: "caller", Id: "AKIDother" },
    });
  });

  test("of an unknown one ends with 1, and says where TaskIds are", async () => {
    const { code, out, err } = await admin(["timeline", "ing-none"]);

    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("no ingest has the TaskId ing-none: send one of trtc-ingest admin list");
  });
});

describe("admin stop", () => {
  test("changes nothing without --yes, and shows what it would stop", async () => {
    const { mine, theirs } = await threeIngests();

    const { code, out, err } = await admin(["stop", "--room", "lobby"]);

    expect(code).toBe(0);
    expect(out).toBe(
      `${theirs}\tAKIDother\tlobby\twould be stopped\n${mine}\tAKIDlocal\tlobby\twould be stopped\n`,
    );
    expect(err).toBe("2: nothing was changed; send --yes to do it\n");
    expect((await rowOf(mine)).state).toBe("running");
  });

  test.each<[what: string, args: string[], stopped: ("mine" | "theirs" | "elsewhere")[]]>([
    ["a room", ["--room", "lobby"], ["theirs", "mine"]],
    ["a caller", ["--caller", "AKIDother"], ["elsewhere", "theirs"]],
    ["everything", ["--all"], ["elsewhere", "theirs", "mine"]],
  ])("stops %s, and waits for the ends", async (_, args, names) => {
    const ingests = await threeIngests();

    const { code, out } = await admin(["stop", ...args, "--yes"], withTimer);

    expect(code).toBe(0);
    expect(tasksIn(out)).toEqual(names.map((name) => ingests[name]));
    expect(out.match(/\tstopped$/gm)).toHaveLength(names.length);
    for (const [name, taskId] of Object.entries(ingests)) {
      const { state, endReason } = await rowOf(taskId);
      const isStopped = (names as string[]).includes(name);
      expect([name, state, endReason]).toEqual(
        isStopped ? [name, "ended", "stopped"] : [name, "running", null],
      );
    }
    const tasks = await app.truth.tasks();
    for (const name of names) {
      const { trtcTaskId } = await rowOf(ingests[name]);
      const ends = tasks.filter((task) => task.taskId === trtcTaskId).map(({ endedAt }) => endedAt);
      expect(ends).toEqual([expect.stringMatching(/Z$/)]);
    }
    await admin(["stop", "--all", "--yes"], withTimer);
  });

  test("ends a scheduled one at once, without a timer", async () => {
    const StartTime = addMs(new Date(), 60 * MINUTE_MS).toISOString();
    const taskId = await start("later", { fields: { StartTime } });

    const { code } = await admin(["stop", "--room", "later", "--yes"], withoutTimer());

    expect(code).toBe(0);
    expect(await rowOf(taskId)).toMatchObject({ state: "ended", endReason: "stopped" });
  });

  test("ends with 1 when no timer carries the stop out, and says where to look", async () => {
    const taskId = await start("stuck");

    const { code, out } = await admin(["stop", "--all", "--yes"], withoutTimer());

    expect(code).toBe(1);
    expect(out).toContain(`${taskId}\tAKIDlocal\tstuck\tasked to stop, and not ended after 90 s`);
    expect((await admin(["stop", "--all", "--yes"], withTimer)).code).toBe(0);
  });
});

describe("an unexpected error for one ingest", () => {
  afterEach(() => app.database.query("drop trigger if exists planted on ingest"));

  test.each([
    [["stop", "--all", "--yes"], "\tstopped\n"],
    [["move", "--all", "+1h", "--yes"], "\tmoved: ends "],
  ])("%p has the outcomes of the others", async (args, done) => {
    const [first, broken, last] = [await start("a"), await start("b"), await start("c")];
    await app.database.query(
      `create or replace function refuse_change() returns trigger language plpgsql as $$
       begin raise exception 'a planted fault'; end $$`,
    );
    await app.database.query(
      `create trigger planted before update on ingest for each row
       when (new.task_id = '${broken}') execute function refuse_change()`,
    );

    const { code, out } = await admin(args, withTimer);

    const lineOf = (taskId: string) => `${out.split("\n").find((line) => line.includes(taskId))}\n`;
    expect(code).toBe(1);
    expect(lineOf(broken)).toMatch(/InternalError: .*a planted fault/);
    for (const taskId of [first, last]) expect(lineOf(taskId)).toContain(done);
  });
});

test("history names the operator of a stop and of a move", async () => {
  const taskId = await start("history");

  await admin(["move", "--all", "+1h", "--yes"]);
  await admin(["stop", "--all", "--yes"], withTimer);

  const events = await listEvents(app.database.query, { taskId, after: 0, limit: 100 });
  const actors = events.map(({ actor }) => actor).filter((actor) => actor?.kind === "operator");
  expect(actors.map((actor) => actor?.function)).toEqual(["admin move", "admin stop"]);
});

describe("more ingests than one command changes", () => {
  const run = (...args: string[]) =>
    runAdmin(args, { query: app.database.query, services: app.services, changedMax: 2 });

  test("stop takes the newest, says so, and goes on when it runs again", async () => {
    const { mine } = await threeIngests();

    const first = await run("stop", "--all", "--yes", "--wait", "0");
    await expireIngests(app.services, { timeLeftMs: () => 20_000 });

    expect(first.code).toBe(1);
    expect(JSON.parse(first.out)).toMatchObject({ rows: [{}, {}], isCut: true });
    expect((await rowOf(mine)).state).toBe("running");
    expect(JSON.parse((await run("stop", "--all")).out)).toMatchObject({
      rows: [{ TaskId: mine }],
      isCut: false,
    });
  });

  test("move moves none, because it would move the same ones again", async () => {
    const { mine, theirs } = await threeIngests();
    const { deadlineAt } = await rowOf(theirs);

    await expect(run("move", "--all", "+1h", "--yes")).rejects.toThrow(
      "more than 2 ingests would move: select fewer by --room or --caller",
    );
    expect((await rowOf(theirs)).deadlineAt).toEqual(deadlineAt);
    expect((await run("move", "--caller", "AKIDlocal", "+1h", "--yes")).code).toBe(0);
    expect((await rowOf(mine)).deadlineAt).not.toEqual(deadlineAt);
  });
});

describe("admin move", () => {
  test("shows how the times would move, and changes nothing without --yes", async () => {
    const taskId = await start("lobby");
    const { deadlineAt } = await rowOf(taskId);

    const { code, out } = await admin(["move", "--all", "+1h"]);

    const to = addMs(deadlineAt, 60 * MINUTE_MS).toISOString();
    expect(code).toBe(0);
    expect(out).toContain(`\twould move: end ${deadlineAt.toISOString()} to ${to}\n`);
    expect((await rowOf(taskId)).deadlineAt).toEqual(deadlineAt);
  });

  test("moves deadlines, and the starts of scheduled ones with their length", async () => {
    const StartTime = addMs(new Date(), 60 * MINUTE_MS).toISOString();
    const StopTime = addMs(new Date(), 90 * MINUTE_MS).toISOString();
    const playing = await start("lobby");
    const scheduled = await start("later", {
      fields: { StartTime, StopTime, MaxDuration: undefined },
    });
    const before = await rowOf(playing);

    const forth = await admin(["move", "--all", "+1h", "--yes"]);
    const back = await admin(["move", "--room", "later", "--by", "-30m", "--yes"]);

    expect([forth.code, back.code]).toEqual([0, 0]);
    expect((await rowOf(playing)).deadlineAt).toEqual(addMs(before.deadlineAt, 60 * MINUTE_MS));
    expect(await rowOf(scheduled)).toMatchObject({
      startsAt: addMs(new Date(StartTime), 30 * MINUTE_MS),
      deadlineAt: addMs(new Date(StopTime), 30 * MINUTE_MS),
    });
  });

  test("ends with 1 when one cannot move, and moves the others", async () => {
    const fixed = await start("fixed", { fields: { ExtendableUntil: undefined } });
    const movable = await start("movable");
    const before = await rowOf(movable);

    const { code, out } = await admin(["move", "--all", "+1h", "--yes"]);

    expect(code).toBe(1);
    expect(out).toMatch(
      new RegExp(
        `${fixed}\tAKIDlocal\tfixed\tInvalidParameterValue: The deadline cannot be moved past`,
      ),
    );
    expect((await rowOf(movable)).deadlineAt).toEqual(addMs(before.deadlineAt, 60 * MINUTE_MS));
  });
});

test.each<[args: string[], words: string]>([
  [["stop"], "say which ingests: --room, --caller or both of them, or --all"],
  [["stop", "--all", "--room", "x"], "say which ingests"],
  [["move", "--all"], "say how far to move: +1h"],
  [["move", "--all", "1h"], "say how far to move"],
  [["move", "--all", "+0h"], "say how far to move"],
  [["list", "--state", "over"], "Allowed choices are scheduled"],
  [["list", "--limit", "many"], "--limit must be a number"],
  [["stop", "--al"], "unknown option '--al': did you mean --all?"],
  [["halt"], "unknown command 'halt'"],
  [["timeline"], "missing required argument 'TaskId'"],
  [["timeline", "a", "b"], "unexpected argument 'b'"],
])("%j ends with 2, and says what to send", async (args, words) => {
  const { code, out, err } = await admin(args);

  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(words);
});

test("no database is a sentence, and shows no password", async () => {
  const env = { DATABASE_URL: "postgres://me:secret-password@127.0.0.1:1/none" };

  const { code, output } = await cli(["admin", "list"], env);

  expect([code, output]).toEqual([1, expect.stringContaining("ECONNREFUSED")]);
  expect(output).not.toContain("secret-password");
});
