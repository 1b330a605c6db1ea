/** A claim reads the due rows of each caller once, however many rows other callers have due. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import type { Database, Query } from "../../shared/store/engine/database.js";
import { claimDue, ENDS, nextClaimAt } from "../../shared/store/ingests/due.js";
import { createStore } from "../../shared/store/store.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { runningIngest, T0 } from "../support/app/ingests.js";

const CROWD = 2000;
const OTHER_CALLERS = 50;

let database: Database;

beforeAll(async () => {
  database = openPostgres(await newPostgresUrl());
  await runningIngest(createStore(database), { callerId: "crowd", deadlineAt: T0 });
  await copyRow(CROWD, "'crowd'");
  // The planner has not seen the other callers yet, as when they have just come.
  await database.query("analyze ingest");
  await copyRow(OTHER_CALLERS, "'caller-' || n");
});
afterAll(() => database.close());

const SAME = `account, site, region, sdk_app_id, room_id, room_id_type, play,
  request_hash, state, created_at, started_at, latest_at, deadline_at`;

const copyRow = (times: number, callerId: string) =>
  database.query(
    `insert into ingest (task_id, caller_id, trtc_task_id, robot_user_id, ${SAME})
     select 'copy-' || ${callerId} || n, ${callerId}, 'trtc-' || ${callerId} || n, 'robot-' || ${callerId} || n, ${SAME}
     from (select * from ingest limit 1) as first, generate_series(1, ${times}) as n`,
  );

/** The pages that a statement reads, a page at each time that it reads it. */
async function pagesOf(act: (query: Query) => Promise<unknown>): Promise<number> {
  let pages = 0;
  await act(async (text, parameters) => {
    const [row] = await database.query(
      `explain (analyze, buffers, format json) ${text}`,
      parameters,
    );
    const [{ Plan }] = row?.["QUERY PLAN"] as [{ Plan: Record<string, number> }];
    pages += Plan["Shared Hit Blocks"] ?? Number.NaN;
    return [];
  });
  return pages;
}

test("claims beside a crowd read no caller's rows for another caller", async () => {
  const due = { at: T0, horizonAt: T0, accountMax: 40 };
  const pages = await pagesOf((query) =>
    claimDue(query, ENDS, { ...due, leaseMs: 1000, limit: 10 }),
  );
  expect(pages).toBeLessThan(CROWD);
});

test("the look for the next claim reads each due row once", async () => {
  const due = { at: T0, horizonAt: T0, accountMax: 40 };
  const pages = await pagesOf((query) => nextClaimAt(query, ENDS, { ...due, aheadMs: 1000 }));
  expect(pages).toBeLessThan(2 * CROWD);
});
