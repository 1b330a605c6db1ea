/** What prevents a start: an equal request before it, or a live ingest with the same robot. */
import type { Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** What is unique about a start. */
export type StartKeys = Pick<Ingest, "callerId" | "clientToken" | "sdkAppId" | "robotUserId">;

/** An ingest that prevents a new one. */
export interface Conflict {
  /**
   * `token-known`: the caller has sent this token before. `robot-busy`: the robot is in use, or a
   * start of it may still arrive.
   */
  outcome: "token-known" | "robot-busy";
  ingest: Ingest;
}

/**
 * Finds the ingest that prevents a start. This is a statement of its own, because `tryBegin` cannot
 * see a row that another transaction commits meanwhile.
 */
export async function findConflict(query: Query, start: StartKeys): Promise<Conflict | undefined> {
  const caller = bind(start.callerId);
  const token = bind(start.clientToken);
  const [row] = await run(
    query,
    sql`select *, caller_id = ${caller} and client_token is not null and client_token = ${token} as token_known
     from ingest
     where (caller_id = ${caller} and client_token = ${token})
        or (sdk_app_id = ${start.sdkAppId} and robot_user_id = ${start.robotUserId}
            and (state <> 'ended' or (state = 'ended' and unsure_until is not null)))
     order by token_known desc nulls last
     limit 1`,
  );
  if (!row) return undefined;
  const outcome = row["token_known"] === true ? "token-known" : "robot-busy";
  return { outcome, ingest: ingestOf(row) };
}
