/** How many calls to TRTC each account makes, and how long the next one waits. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

export interface SlotUse {
  account: string;
  action: string;
  /** The slots of the last second. */
  used: number;
  /** Until the next free slot. It grows while calls wait. */
  waitMs: number;
}

export async function readSlotUse(query: Query): Promise<SlotUse[]> {
  const rows = await run(
    query,
    sql`select account, action,
            (select count(*) from unnest(recent) as at
             where at > t.now - interval '1 second' and at <= t.now)::int as used,
            greatest(0, extract(epoch from next_free_at - t.now) * 1000)::float8 as wait_ms
     from call_slot cross join (select clock_timestamp() as now) as t
     order by account, action`,
  );
  return rows.map((row) => ({
    account: String(row["account"]),
    action: String(row["action"]),
    used: Number(row["used"]),
    waitMs: Number(row["wait_ms"]),
  }));
}
