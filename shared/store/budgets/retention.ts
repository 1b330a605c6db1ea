/** Deletes what was spent long ago. */
import type { Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";

/** Thirteen months of a caller with one application are 6,400 rows at most. */
export async function forgetSpending(query: Query, { before }: { before: Date }): Promise<void> {
  const day = sql`(${bind(before)}::timestamptz at time zone 'UTC')::date`;
  await run(query, sql`delete from spend_day where day < ${day}`);
  await run(query, sql`delete from budget_notice where period < ${day}`);
  await run(query, sql`delete from budget_standing where period < ${day}`);
}
