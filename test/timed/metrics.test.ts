/**
 * What a scrape of /metrics costs beside many old rows, on real PostgreSQL: it reads none of them.
 * `ROWS=1000000` tries it at the size of docs/operations.md, and prints the times.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MINUTE_MS, systemClock } from "../../shared/clock.js";
import { readMetrics } from "../../shared/health/metrics/read.js";
import { workRows } from "../../shared/health/work.js";
import type { Database, Query } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { createStore } from "../../shared/store/store.js";
import { runningIngest } from "../support/app/ingests.js";
import { KEY, type TestApp, startTestApp } from "../support/app/test-app.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { addOldIngests } from "../support/database/old-ingests.js";

const ROWS = Number(process.env["ROWS"] ?? 20_000);
const LIVE = 200;
const SCRAPES = 50;

/** Of 8 kB. A new connection reads 1,500 of the catalogue. The old rows have 5,000 and more. */
const PAGES_MAX = 2000;

let database: Database;
let app: TestApp;
beforeAll(async () => {
  database = openPostgres(await newPostgresUrl(), { queryTimeoutMs: 10 * MINUTE_MS });
  await addOldIngests(database, ROWS);
  const store = createStore(database);
  for (let n = 0; n < LIVE; n += 1) await runningIngest(store, { account: `account-${n % 4}` });
  await database.query("vacuum analyze");
  app = await startTestApp({ database });
}, 15 * MINUTE_MS);
afterAll(() => app.close());

interface Plan {
  "Relation Name"?: string;
  "Node Type": string;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Plan[];
}

interface Explained {
  plans: Plan[];
  /** Planning and execution of all statements, by the database. */
  ms: number;
}

/** The same database, which also explains each statement. */
function explaining(explained: Explained): Query {
  return async (text, parameters) => {
    const [row] = await database.query(
      `explain (analyze, buffers, format json) ${text}`,
      parameters,
    );
    const [statement] = row?.["QUERY PLAN"] as [
      Record<"Planning Time" | "Execution Time", number> & { Plan: Plan },
    ];
    explained.plans.push(statement.Plan);
    explained.ms += statement["Planning Time"] + statement["Execution Time"];
    return database.query(text, parameters);
  };
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
const pagesOf = (plan: Plan) => plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];

const readAll: Readonly<Record<string, (query: Query) => Promise<unknown>>> = {
  "a scrape of /metrics": (query) => {
    const store = createStore({ ...database, query });
    return readMetrics({ ...app.services, store });
  },
  "the rows of /health": (query) =>
    workRows(query, { ticks: { advanceTickMs: 10_000, expiryTickMs: 60_000 }, graceMs: 120_000 }),
};

test.each(Object.keys(readAll))("%s reads no old row", async (what) => {
  const explained: Explained = { plans: [], ms: 0 };
  await readAll[what]?.(explaining(explained));
  const { plans, ms } = explained;
  expect(plans.length).toBeGreaterThan(5);
  const scans = plans
    .flatMap(nodesOf)
    .filter((node) => node["Node Type"] === "Seq Scan")
    .map((node) => node["Relation Name"]);
  expect(scans).not.toContain("ingest");
  expect(plans.flatMap(nodesOf).map((node) => node["Relation Name"])).not.toContain("ingest_event");
  const pages = plans.reduce((sum, plan) => sum + pagesOf(plan), 0);
  process.stdout.write(
    `${ROWS} rows: ${what} reads ${pages} pages in ${plans.length} statements, which take ${ms.toFixed(1)} ms\n`,
  );
  expect(pages).toBeLessThan(PAGES_MAX);
});

test(
  "a scrape over HTTP takes milliseconds",
  async () => {
    const times: number[] = [];
    for (let n = 0; n < SCRAPES; n += 1) {
      const fromMs = systemClock.elapsedMs();
      const answer = await fetch(`${app.url}/metrics`, {
        headers: { authorization: `Bearer ${KEY}` },
      });
      expect([
        answer.status,
        (await answer.text()).includes(`trtc_ingest_running ${LIVE}\n`),
      ]).toEqual([200, true]);
      times.push(systemClock.elapsedMs() - fromMs);
    }
    const sorted = times.toSorted((one, other) => one - other).map(Math.round);
    process.stdout.write(
      `${ROWS} rows: a scrape takes p50 ${sorted[SCRAPES / 2] ?? 0} ms, max ${sorted.at(-1) ?? 0} ms\n`,
    );
    // 50 ms on a calm machine, whatever the rows.
    expect(sorted[SCRAPES / 2]).toBeLessThan(250);
  },
  MINUTE_MS,
);
