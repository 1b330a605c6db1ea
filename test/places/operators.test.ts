/** What operators see and change where accounts are in two databases. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startLocal } from "../../local/runtime.js";
import { CN_APP, INTL_APP, KEY } from "../support/app/test-app.js";
import { type SplitApp, startSplitApp } from "../support/split-app.js";
import { cli } from "../support/cli.js";

let app: SplitApp;
let tasks: { cn: string; intl: string };
beforeAll(async () => {
  app = await startSplitApp();
  tasks = { cn: await start(CN_APP, "1"), intl: await start(INTL_APP, "2") };
});
afterAll(() => app.close());

async function start(SdkAppId: number, RoomId: string): Promise<string> {
  const request = { SdkAppId, RoomId, StreamUrl: app.clip, RepeatNum: -1 };
  const { response } = await app.post("start-ingest", request);
  expect(response.Error).toBeUndefined();
  return String(response["TaskId"]);
}

const operate = async (action: string, body: object) => {
  const { response } = await app.post("console/operator", body, { "x-tc-action": action });
  expect(response.Error).toBeUndefined();
  return response;
};

test("the console lists the ingests of both, and counts them", async () => {
  const whole = await operate("ListIngests", {});
  const first = await operate("ListIngests", { Limit: 1 });
  const second = await operate("ListIngests", { Limit: 1, Cursor: first["NextCursor"] });

  const idsOf = ({ Ingests }: Record<string, unknown>) =>
    (Ingests as { TaskId: string }[]).map(({ TaskId }) => TaskId);
  expect(idsOf(whole)).toEqual([tasks.intl, tasks.cn]);
  expect(whole["Counts"]).toEqual({ Live: 2, Troubled: 0 });
  expect([...idsOf(first), ...idsOf(second)]).toEqual([tasks.intl, tasks.cn]);
  expect(second["NextCursor"]).toBeNull();
});

test("the console shows one ingest wherever it is, and moves and stops those of both", async () => {
  const unknown = `ing-${"0".repeat(26)}`;
  const all = [unknown, tasks.cn, tasks.intl];
  for (const TaskId of [tasks.cn, tasks.intl]) {
    const { Ingest } = await operate("DescribeIngest", { TaskId });
    const { Events } = await operate("DescribeTimeline", { TaskId });
    expect(Ingest).toMatchObject({ TaskId, State: "running" });
    expect(Events).toContainEqual(expect.objectContaining({ Type: "started" }));
  }

  const moved = await operate("MoveIngests", { TaskIds: all, BySeconds: -60 });
  const stopped = await operate("StopIngests", { TaskIds: [tasks.cn, unknown, tasks.intl] });

  const outcomes = ({ Results }: Record<string, unknown>) =>
    (Results as { TaskId: string; Outcome: string }[]).map(({ TaskId, Outcome }) => [
      TaskId,
      Outcome,
    ]);
  expect(outcomes(moved)).toEqual([
    [unknown, "failed"],
    [tasks.cn, "moved"],
    [tasks.intl, "moved"],
  ]);
  expect(outcomes(stopped)).toEqual([
    [tasks.cn, "stopped"],
    [unknown, "failed"],
    [tasks.intl, "stopped"],
  ]);
});

test("the console adds up the costs of both, day by day", async () => {
  const add = (database: SplitApp["main"], sdkAppId: number) =>
    database.query(
      `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
       values ('AKIDcosts', (now() at time zone 'UTC')::date, $1, 0, 2, 120000, 100000)`,
      [sdkAppId],
    );
  await add(app.main, INTL_APP);
  await add(app.other, CN_APP);

  const { Days } = await operate("DescribeCosts", { CallerId: "AKIDcosts", Days: 1 });

  expect(Days).toEqual([expect.objectContaining({ Usd: 0.2, Minutes: 4, Ingests: 4 })]);
});

const withKey = { headers: { authorization: `Bearer ${KEY}` } };

test("health names the database of each row, and metrics label each sample with it", async () => {
  const health = await fetch(`${app.url}/health`, withKey);
  const { checks } = (await health.json()) as { checks: { check: string }[] };
  const metrics = await (await fetch(`${app.url}/metrics`, withKey)).text();

  for (const name of ["default", "cn"]) {
    expect(checks).toContainEqual(expect.objectContaining({ check: `${name}: deadlines` }));
    expect(metrics).toContain(`trtc_ingest_starts_total{database="${name}",outcome="started"} 1`);
  }
  expect(metrics.match(/^# TYPE trtc_ingest_starts /gm)).toHaveLength(1);
});

const variables = () => ({
  DATABASE_URL: app.mainUrl,
  DATABASE_URLS: JSON.stringify({ cn: app.otherUrl }),
  NO_COLOR: "1",
});

test("admin list, cost and timeline answer for both", async () => {
  const listed = await cli(["admin", "list", "--state", "ended", "--json"], variables());
  const cost = await cli(["admin", "cost", "--state", "ended", "--json"], variables());
  const timeline = await cli(["admin", "timeline", tasks.cn], variables());

  const idsOf = (lines: string) =>
    lines
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { TaskId: string }).TaskId);
  expect(idsOf(listed.out)).toEqual([tasks.intl, tasks.cn]);
  expect((JSON.parse(cost.out) as { Total: object }).Total).toMatchObject({ Ingests: 2 });
  expect(timeline.out).toContain("started");
});

test("report has a part for each database, and migrate goes through them", async () => {
  const tables = await cli(["report"], variables());
  const json = await cli(["report", "--json"], variables());
  const migrated = await cli(["migrate"], variables());

  expect(tables.out).toMatch(/^default\n/);
  expect(tables.out).toMatch(/^cn$/m);
  expect(Object.keys(JSON.parse(json.out) as object)).toEqual(["default", "cn"]);
  expect(migrated.out).toBe(
    "default:\nthe database is up to date\ncn:\nthe database is up to date\n",
  );
});

test("npm start refuses DATABASE_URLS, because it has one database", async () => {
  const options = { env: variables(), port: 0, trtcPort: 0, dataDirectory: undefined };
  await expect(startLocal({ ...options, log: () => undefined })).rejects.toThrow(
    "npm start has one database: unset DATABASE_URLS, or use npm run serve",
  );
});
