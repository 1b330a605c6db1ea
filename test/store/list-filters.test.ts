/**
 * A list with a rare end reason or a rare state of the source, for a caller with 100,000 ingests.
 * An index finds the rows, and no other row is read. On real PostgreSQL, by its executed plan.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Database, Query, Row } from "../../shared/store/engine/database.js";
import { type ListFilter, listIngests } from "../../shared/store/ingests/reads.js";
import { openTestPostgres } from "../support/database/databases.js";
import { newIngest } from "../support/app/ingests.js";

const MANY = 100_000;
const LIMIT = 21;

let database: Database;

/** All of them ended at their deadline, after their source had played. */
beforeAll(async () => {
  database = await openTestPostgres();
  const { play, createdAt, deadlineAt, latestAt } = newIngest();
  // Their history would take most of the time.
  await database.query("alter table ingest disable trigger user");
  await database.query(
    `insert into ingest (
       task_id, caller_id, account, site, region, sdk_app_id, room_id, room_id_type, robot_user_id,
       play, request_hash, state, end_reason, trtc_task_id, media_state,
       created_at, started_at, latest_at, deadline_at, ended_at
     )
     select 'ing-' || lpad(n::text, 26, '0'), 'caller', 'intl', 'intl', 'ap-singapore', 1600000000,
            'room', 0, 'robot-' || n, $1, 'hash', 'ended', 'expired', 'trtc-' || n, 'playing',
            $2, $2, $3, $4, $4
     from generate_series(1, ${MANY}) as n`,
    [JSON.stringify(play), createdAt, latestAt, deadlineAt],
  );
  await database.query("analyze ingest");
});
afterAll(() => database.close());

interface Plan {
  "Node Type": string;
  "Actual Rows": number;
  "Rows Removed by Filter"?: number;
  Plans?: Plan[];
}

/** The number of rows that each step of the plan read, including the returned ones. */
const lookedAt = (plan: Plan): number =>
  Math.max(
    plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0),
    ...(plan.Plans ?? []).map(lookedAt),
  );

async function rowsLookedAt(filter: Partial<ListFilter>): Promise<number> {
  const plans: Row[] = [];
  const explained: Query = async (text, values) => {
    plans.push(...(await database.query(`explain (analyze, format json) ${text}`, values)));
    return [];
  };
  await listIngests(explained, { callerId: "caller", limit: LIMIT, ...filter });
  const [first] = plans.map((row) => row["QUERY PLAN"] as [{ Plan: Plan }]);
  return first ? lookedAt(first[0].Plan) : Number.NaN;
}

describe("a list of 100,000 ingests reads only the rows that it returns", () => {
  test.each<Partial<ListFilter>>([
    {},
    ...(["expired", "failed", "lost", "empty", "stopped", "finished"] as const).map(
      (endReason) => ({ endReason }),
    ),
    ...(["connecting", "playing", "retrying", "failed"] as const).map((mediaState) => ({
      mediaState,
    })),
    { endReason: "failed", mediaState: "failed" },
    { state: "running", mediaState: "retrying" },
    { clientToken: "one that nobody sent" },
    { roomId: "another room" },
  ])("%j", async (filter) => {
    expect(await rowsLookedAt(filter)).toBeLessThanOrEqual(LIMIT);
  });
});
