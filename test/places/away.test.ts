/** Two databases, and one of them is away: the accounts of the other notice nothing. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import { readMetrics } from "../../shared/health/metrics/read.js";
import { TIMED_FUNCTIONS } from "../../shared/health/timers.js";
import { makeServices } from "../../shared/runtime/services.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { CN_APP, INTL_APP, KEY } from "../support/app/test-app.js";
import { type SplitApp, startSplitApp } from "../support/split-app.js";
import { type DatabaseProxy, startDatabaseProxy } from "../support/database/database-proxy.js";

let proxy: DatabaseProxy;
let app: SplitApp;
beforeAll(async () => {
  const holder: { proxy?: DatabaseProxy } = {};
  app = await startSplitApp({
    env: { EXPIRY_TICK_SECONDS: "1" },
    async reachedAt(otherUrl) {
      holder.proxy = await startDatabaseProxy(otherUrl);
      return holder.proxy.url;
    },
  });
  proxy = holder.proxy as DatabaseProxy;
});
afterAll(async () => {
  await app.close();
  await proxy.close();
});

const start = (SdkAppId: number, RoomId: string) =>
  app.post("start-ingest", { SdkAppId, RoomId, StreamUrl: app.clip, RepeatNum: -1 });

test("deadlines, calls and readiness of the other accounts stay", async () => {
  const intl = String((await start(INTL_APP, "1")).response["TaskId"]);
  const cn = String((await start(CN_APP, "2")).response["TaskId"]);
  await app.main.query("update ingest set deadline_at = now()");
  await app.other.query("update ingest set deadline_at = now()");
  await proxy.turn("refused");
  proxy.cut();

  const run = app.functionNamed("expire-ingests").handler({});
  await expect(run).rejects.toMatchObject({ code: "ServiceUnavailable" });

  const stateOf = async (SdkAppId: number, TaskId: string) =>
    (await app.post("describe-ingest", { SdkAppId, TaskId })).response;
  expect((await stateOf(INTL_APP, intl))["EndReason"]).toBe("expired");
  expect((await start(INTL_APP, "3")).response.Error).toBeUndefined();
  expect((await start(CN_APP, "4")).response.Error?.Code).toBe("ServiceUnavailable");
  expect((await app.post("list-ingests", {})).response.Error?.Code).toBe("ServiceUnavailable");
  // The unknown TaskId may be in the database that is away.
  const unknown = { TaskId: `ing-${"0".repeat(26)}` };
  expect((await app.post("stop-ingest", unknown)).response.Error?.Code).toBe("ServiceUnavailable");
  expect((await app.post("describe-ingest", { TaskId: intl })).response["State"]).toBe("ended");
  await app.main.query(
    "insert into timer_run (function, ran_at) select name, now() from unnest($1::text[]) name on conflict (function) do update set ran_at = now()",
    [TIMED_FUNCTIONS],
  );
  expect((await fetch(`${app.url}/ready`)).status).toBe(200);
  const headers = { authorization: `Bearer ${KEY}` };
  const health = await fetch(`${app.url}/health`, { headers });
  const { checks } = (await health.json()) as { checks: object[] };
  expect(health.status).toBe(503);
  expect(checks).toContainEqual(
    expect.objectContaining({ check: "cn: database", verdict: "fail" }),
  );
  expect(checks).toContainEqual(
    expect.objectContaining({ check: "default: database", verdict: "pass" }),
  );
  const metrics = await fetch(`${app.url}/metrics`, { headers });
  const exposed = await metrics.text();
  expect(metrics.status).toBe(200);
  expect(exposed).toContain('trtc_ingest_database_up{database="cn"} 0');
  expect(exposed).toContain('trtc_ingest_database_up{database="default"} 1');
  expect(exposed).toContain('trtc_ingest_running{database="default"}');
  expect(exposed).not.toContain('trtc_ingest_running{database="cn"}');

  await proxy.turn("through");
  await app.functionNamed("expire-ingests").handler({});
  expect((await stateOf(CN_APP, cn))["EndReason"]).toBe("expired");
});

test("a scrape waits some seconds at most for a database that is silent", async () => {
  const headers = { authorization: `Bearer ${KEY}` };
  const scraped = async () => (await fetch(`${app.url}/metrics`, { headers })).text();
  // Its connection is there, so without a limit the statement would wait for ten seconds.
  expect(await scraped()).toContain('trtc_ingest_database_up{database="cn"} 1');
  await proxy.turn("silent");
  proxy.forget();

  const startedMs = systemClock.elapsedMs();
  const during = await scraped();
  expect(systemClock.elapsedMs() - startedMs).toBeLessThan(8000);
  expect(during).toContain('trtc_ingest_database_up{database="cn"} 0');
  expect(during).toContain('trtc_ingest_database_up{database="default"} 1');

  await proxy.turn("through");
  proxy.cut();
  expect(await scraped()).toContain('trtc_ingest_database_up{database="cn"} 1');
}, 30_000);

test("a scrape fails while every database is away", async () => {
  const database = openPostgres("postgres://postgres@127.0.0.1:9/away");
  const url = "postgres://127.0.0.1:9/other";
  const config = { ...app.services.config, databaseUrls: new Map([["cn", [url]]]) };
  const others = new Map([[url, database]]);
  const services = makeServices({ config, database, others });

  expect(services.places?.all).toHaveLength(2);
  await expect(readMetrics(services)).rejects.toMatchObject({ code: "ServiceUnavailable" });
  await database.close();
});
