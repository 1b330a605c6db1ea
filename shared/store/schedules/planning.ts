/**
 * What planning reads and writes. A transaction locks its schedules first, and nothing else changes
 * them or their occurrences meanwhile. A run that is killed has changed nothing.
 */
import type { Query, Row } from "../engine/database.js";
import { bind, joined, raw, run, sql } from "../engine/sql.js";
import type { Anchor } from "../programmes/programme-row.js";
import {
  type Occurrence,
  type OccurrenceOf,
  occurrenceOf,
  type Schedule,
  scheduleOf,
} from "./schedule-row.js";

/** Schedules that planning has to look at, the longest overdue first. Another run's are left out. */
export async function claimSchedules(
  query: Query,
  { at, limit }: { at: Date; limit: number },
): Promise<Schedule[]> {
  const rows = await run(
    query,
    sql`select * from schedule
     where plan_at <= ${at}
     order by plan_at
     limit ${limit}
     for update skip locked`,
  );
  return rows.map(scheduleOf);
}

/** An occurrence, and what its ingest says. */
export interface KnownOccurrence extends Occurrence {
  ingest: KnownIngest | null;
}

interface KnownIngest {
  /** `waiting`: its first attempt, or the next one, is ahead. `starting`: one is under way. */
  phase: "waiting" | "starting" | "begun" | "ended";
  requestHash: string;
  occurrence: OccurrenceOf | null;
  anchor: Anchor | null;
}

const OPEN_COLUMNS = sql`occurrence.*, ingest.request_hash, ingest.occurrence as tag,
       ingest.programme -> 'anchor' as anchor,
       case when ingest.task_id is null then null
            when ingest.state = 'ended' then 'ended'
            when ingest.started_at is not null then 'begun'
            when ingest.state = 'starting' and ingest.advance_at is not null then 'waiting'
            when ingest.state = 'starting' then 'starting'
            else 'begun' end as phase`;

/**
 * The occurrences of these schedules that are not settled, and all from the present or from
 * `planned_until` on, whichever is earlier.
 */
export async function readOpenOccurrences(
  query: Query,
  { scheduleIds, at }: { scheduleIds: readonly string[]; at: Date },
): Promise<KnownOccurrence[]> {
  const rows = await run(
    query,
    sql`select open.* from schedule cross join lateral (
       select ${OPEN_COLUMNS} from occurrence left join ingest on ingest.task_id = occurrence.task_id
       where occurrence.schedule_id = schedule.schedule_id and occurrence.settled_at is null
       union all
       select ${OPEN_COLUMNS} from occurrence left join ingest on ingest.task_id = occurrence.task_id
       where occurrence.schedule_id = schedule.schedule_id and occurrence.settled_at is not null
         and nominal_at >= least(schedule.planned_until, ${at}::timestamptz)
     ) as open
     where schedule.schedule_id = any(${scheduleIds}::text[])
     order by open.schedule_id, open.nominal_at`,
  );
  return rows.map(knownOf);
}

function knownOf({ request_hash, tag, anchor, phase, ...row }: Row): KnownOccurrence {
  const ingest = phase === null ? null : { phase, requestHash: request_hash };
  return {
    ...occurrenceOf(row),
    ingest: ingest && ({ ...ingest, occurrence: tag, anchor } as KnownIngest),
  };
}

/** An occurrence as planning leaves it. Its settlement comes later (settle.ts). */
export type PlannedOccurrence = Pick<
  Occurrence,
  | "scheduleId"
  | "nominalAt"
  | "startsAt"
  | "endsAt"
  | "localStart"
  | "revision"
  | "state"
  | "taskId"
  | "reason"
  | "detail"
>;

const TYPES = {
  schedule_id: "text",
  nominal_at: "timestamptz",
  starts_at: "timestamptz",
  ends_at: "timestamptz",
  local_start: "text",
  revision: "bigint",
  state: "text",
  task_id: "text",
  reason: "text",
  detail: "text",
};
const COLUMNS = raw(Object.keys(TYPES).join(", "));
const RECORD = raw(
  Object.entries(TYPES)
    .map(([column, type]) => `${column} ${type}`)
    .join(", "),
);
const SET = joined(
  Object.keys(TYPES)
    .slice(2)
    .map((column) => raw(`${column} = excluded.${column}`)),
  ", ",
);

const columnsOf = (occurrence: PlannedOccurrence): Record<keyof typeof TYPES, unknown> => ({
  schedule_id: occurrence.scheduleId,
  nominal_at: occurrence.nominalAt,
  starts_at: occurrence.startsAt,
  ends_at: occurrence.endsAt,
  local_start: occurrence.localStart,
  revision: occurrence.revision,
  state: occurrence.state,
  task_id: occurrence.taskId,
  reason: occurrence.reason,
  detail: occurrence.detail,
});

/** Inserts these occurrences, or changes them. A settled one stays as it is. */
export async function writeOccurrences(
  query: Query,
  occurrences: readonly PlannedOccurrence[],
): Promise<void> {
  if (occurrences.length === 0) return;
  const rows = JSON.stringify(occurrences.map(columnsOf));
  await run(
    query,
    sql`insert into occurrence (${COLUMNS})
     select ${COLUMNS} from jsonb_to_recordset(${rows}::jsonb) as planned (${RECORD})
     on conflict (schedule_id, nominal_at) do update set ${SET}
     where occurrence.settled_at is null`,
  );
}

/** Deletes occurrences that the rules no longer have. */
export async function dropOccurrences(
  query: Query,
  keys: readonly Pick<Occurrence, "scheduleId" | "nominalAt">[],
): Promise<void> {
  if (keys.length === 0) return;
  const rows = JSON.stringify(
    keys.map(({ scheduleId, nominalAt }) => ({ schedule_id: scheduleId, nominal_at: nominalAt })),
  );
  await run(
    query,
    sql`delete from occurrence
     using jsonb_to_recordset(${rows}::jsonb) as dropped (schedule_id text, nominal_at timestamptz)
     where occurrence.schedule_id = dropped.schedule_id
       and occurrence.nominal_at = dropped.nominal_at and occurrence.settled_at is null`,
  );
}

/** How far a schedule is planned. */
export type Planned = Pick<
  Schedule,
  "scheduleId" | "plannedUntil" | "planAt" | "revision" | "tzdata" | "notified"
>;

export async function markPlanned(query: Query, schedules: readonly Planned[]): Promise<void> {
  if (schedules.length === 0) return;
  const rows = JSON.stringify(
    schedules.map(({ scheduleId, plannedUntil, planAt, revision, tzdata, notified }) => ({
      schedule_id: scheduleId,
      planned_until: plannedUntil,
      plan_at: planAt,
      revision,
      tzdata,
      notified,
    })),
  );
  await run(
    query,
    sql`update schedule
     set planned_until = planned.planned_until, plan_at = planned.plan_at,
         revision = planned.revision, tzdata = planned.tzdata,
         notified = coalesce(schedule.notified, planned.notified)
     from jsonb_to_recordset(${rows}::jsonb) as planned (
       schedule_id text, planned_until timestamptz, plan_at timestamptz, revision bigint,
       tzdata text, notified integer
     )
     where schedule.schedule_id = planned.schedule_id`,
  );
}

/** Makes planning look at the schedules that older time zone data has planned. */
export async function planAgain(
  query: Query,
  { tzdata, at }: { tzdata: string; at: Date },
): Promise<void> {
  const now = bind(at);
  await run(
    query,
    sql`update schedule set plan_at = ${now}
     where state = 'Enabled' and tzdata < ${tzdata} and plan_at > ${now}`,
  );
}
