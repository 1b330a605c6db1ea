/** What TRTC answered last: to the calls of timers, and to starts. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";
import type { TrtcAnswer } from "./timer-runs.js";

/** Calls that other functions make for a caller write nothing. */
export async function readTrtcAnswers(query: Query): Promise<TrtcAnswer[]> {
  const rows = await run(
    query,
    sql`select account, action, code,
            (extract(epoch from now() - answered_at) * 1000)::float8 as ago_ms
     from trtc_call
     order by account, action`,
  );
  return rows.map((row) => ({
    account: String(row["account"]),
    action: String(row["action"]),
    code: row["code"] as string | null,
    agoMs: Number(row["ago_ms"]),
  }));
}
