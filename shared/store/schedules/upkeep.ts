/** What a run of plan-schedules has to do, and the forgetting of what is long settled. */
import type { Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
import { IS_TO_SETTLE } from "./settle.js";

export interface DueDuties {
  isPlanDue: boolean;
  /** Older time zone data has planned a schedule. */
  isOutdated: boolean;
  isSettleDue: boolean;
  isForgetDue: boolean;
}

/** One statement, so that a run with nothing to do costs nothing else. */
export async function readDuties(
  query: Query,
  { at, tzdata, forgetBefore }: { at: Date; tzdata: string; forgetBefore: Date },
): Promise<DueDuties> {
  const now = bind(at);
  const before = bind(forgetBefore);
  const [row = {}] = await run(
    query,
    sql`select exists (select from schedule where plan_at <= ${now}) as plan,
       exists (
         select from schedule where state = 'Enabled' and tzdata < ${tzdata} and plan_at > ${now}
       ) as outdated,
       exists (
         select from occurrence left join ingest on ingest.task_id = occurrence.task_id
         where occurrence.starts_at <= ${now} and ${IS_TO_SETTLE}
       ) as settle,
       exists (select from occurrence where settled_at < ${before})
         or exists (select from schedule where state = 'Deleted' and updated_at < ${before}) as forget`,
  );
  return {
    isPlanDue: row["plan"] === true,
    isOutdated: row["outdated"] === true,
    isSettleDue: row["settle"] === true,
    isForgetDue: row["forget"] === true,
  };
}

/**
 * Deletes occurrences that were settled before this time, and then deleted schedules without any.
 * Returns how many occurrences it deleted.
 */
export async function forgetOccurrences(
  query: Query,
  { before, limit }: { before: Date; limit: number },
): Promise<number> {
  const [row] = await run(
    query,
    sql`with forgotten as (
       delete from occurrence
       where (schedule_id, nominal_at) in (
         select schedule_id, nominal_at from occurrence
         where settled_at < ${before}
         order by settled_at
         limit ${limit}
         for update skip locked
       )
       returning schedule_id
     )
     select count(*)::integer as count from forgotten`,
  );
  return Number(row?.["count"] ?? 0);
}

/** Deletes schedules that were deleted before this time, when no occurrence of them is left. */
export async function forgetSchedules(
  query: Query,
  { before, limit }: { before: Date; limit: number },
): Promise<void> {
  await run(
    query,
    sql`delete from schedule
     where schedule_id in (
       select schedule_id from schedule
       where state = 'Deleted' and updated_at < ${before}
         and not exists (
           select from occurrence where occurrence.schedule_id = schedule.schedule_id
         )
       order by updated_at
       limit ${limit}
       for update skip locked
     )`,
  );
}
