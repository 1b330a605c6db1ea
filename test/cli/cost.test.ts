/** `trtc-ingest cost` and `admin cost`: what ingests have cost, and what they will cost. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { cli, type CliOptions } from "../support/cli.js";
import { addOldIngests } from "../support/database/old-ingests.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";

let app: TestApp;
let DATABASE_URL: string;
let first: string;
let second: string;
beforeAll(async () => {
  DATABASE_URL = await newPostgresUrl();
  app = await startTestApp({ database: openPostgres(DATABASE_URL) });
  first = await start("lobby");
  second = await start("stage");
});
afterAll(() => app.close());

const run = (args: string[], env: object = {}, options: CliOptions = {}) =>
  cli(
    args,
    {
      ...{ HOME: "/nowhere", XDG_CONFIG_HOME: "", DATA_DIR: "/nowhere", NO_COLOR: "1" },
      ...{ TRTC_INGEST_URL: app.url, TRTC_INGEST_KEY: KEY, DATABASE_URL },
      ...env,
    },
    options,
  );

/** A clip of a known small size, for an hour. */
async function start(RoomId: string): Promise<string> {
  const fields = { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: app.clip };
  const { response } = await app.post("start-ingest", {
    ...fields,
    ...{ RepeatNum: -1, MaxDuration: 60 },
  });
  return String(response["TaskId"]);
}

interface Document {
  Ingests: { TaskId: string; Cost: { Usd: number; UsdToDeadline: number; Minutes: number } }[];
  Total: { Ingests: number; Usd: number; UsdToDeadline: number };
}

const documentIn = (out: string) => JSON.parse(out) as Document;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

test("shows what runs, with the sum in the last line", async () => {
  const { code, out } = await run(["cost"]);
  const table = await run(["cost"], {}, { terminal: 200 });

  expect(code).toBe(0);
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  expect(lines.map(([task]) => task)).toEqual([second, first, "total"]);
  const ofColumn = (at: number) => lines.map((cells) => Number(cells[at]));
  const [one = 0, other = 0, total = 0] = ofColumn(6);
  expect(one).toBeGreaterThan(0);
  expect(total).toBeCloseTo(one + other, 3);
  expect(table.out).toMatch(/^TASK +STATE +ROOM +TIER +MINUTES +USD +USD TO DEADLINE +END\n/);
});

test("of one ingest is what describe says", async () => {
  const { response } = await app.post("describe-ingest", { TaskId: first });
  const { code, out } = await run(["cost", first, "--json"]);

  expect(code).toBe(0);
  const { Ingests, Total } = documentIn(out);
  const { UsdToDeadline } = response["Cost"] as { UsdToDeadline: number };
  expect(Ingests).toMatchObject([{ TaskId: first, Cost: { UsdToDeadline } }]);
  expect(Total).toMatchObject({ Ingests: 1, UsdToDeadline });
});

test("reads every page, and sums what the flags select", async () => {
  const all = documentIn((await run(["cost", "--limit", "1", "--json"])).out);
  const room = documentIn((await run(["cost", "--room-id", "stage", "--json"])).out);
  const ended = documentIn((await run(["cost", "--state", "ended", "--json"])).out);

  expect(all.Total.Ingests).toBe(2);
  expect(all.Total.UsdToDeadline).toBeCloseTo(
    sum(all.Ingests.map(({ Cost }) => Cost.UsdToDeadline)),
    6,
  );
  expect(room.Ingests.map(({ TaskId }) => TaskId)).toEqual([second]);
  expect(ended).toEqual({
    Ingests: [],
    Total: { Ingests: 0, Minutes: 0, Usd: 0, UsdToDeadline: 0 },
  });
});

test("admin cost shows those of all callers, also of a room", async () => {
  const { code, out } = await run(["admin", "cost"]);
  const room = documentIn((await run(["admin", "cost", "--room", "lobby", "--json"])).out);

  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`^${second}\tAKIDlocal\trunning\tstage\t`));
  expect(out).toMatch(/\ntotal\t/);
  expect(room).toMatchObject({ Ingests: [{ TaskId: first }], Total: { Ingests: 1 } });
});

test("admin cost sums every ingest, however few rows it shows", async () => {
  await addOldIngests(app.database, 2500);

  const { out, err } = await run(["admin", "cost", "--state", "ended", "--json", "--limit", "2"]);
  const table = await run(["admin", "cost", "--state", "ended", "--limit", "2500"]);

  const { Ingests, Total } = documentIn(out);
  const [one] = Ingests;
  expect([Ingests.length, Total.Ingests]).toEqual([2, 2500]);
  expect(one?.Cost.Usd).toBeGreaterThan(0);
  expect(Total.Usd).toBeCloseTo(2500 * (one?.Cost.Usd ?? 0), 4);
  expect(err).toBe(
    "the newest 2 of 2500, and the sums of all: send a larger --limit for more rows\n",
  );
  expect([table.out.trimEnd().split("\n").length, table.err]).toEqual([2501, ""]);
});

test("an ingest that is named twice counts once", async () => {
  const { Total } = documentIn((await run(["cost", first, first, "--json"])).out);

  expect(Total.Ingests).toBe(1);
});

test.each(["cost", "watch", "callbacks list"])(
  "%s refuses TaskIds beside flags that select",
  async (name) => {
    const { code, err } = await run([...name.split(" "), first, "--room-id", "stage"]);

    expect([code, err]).toEqual([
      2,
      "TaskIds and --room-id both say which ingests: send TaskIds, or flags such as --room-id\n",
    ]);
  },
);

test.each<[args: string[], env: object, code: number, words: string]>([
  [["cost", `ing-${"0".repeat(26)}`], {}, 1, "FailedOperation.TaskNotExist: "],
  [["cost"], { TRTC_INGEST_KEY: "another-secret-key" }, 1, "AuthFailure.SecretIdNotFound: "],
  [["cost", "two words"], {}, 2, "TaskId has the wrong form"],
  [["cost", "--stat", "ended"], {}, 2, "unknown option '--stat': did you mean --state?"],
  [["admin", "cost", "--all"], {}, 2, "unknown option '--all'"],
])("%j ends with an error that says what to send", async (args, env, code, words) => {
  const result = await run(args, env);

  expect([result.code, result.out]).toEqual([code, ""]);
  expect(result.err).toContain(words);
});
