/** Writes an update. */
import type { Budget } from "../../config/money/budgets.js";
import { budgetParts, movedTo, withinBudgets } from "../budgets/within-budgets.js";
import type { Query } from "../engine/database.js";
import { bind, NOTHING, raw, run, type Sql, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import type { OnAir, Programme } from "../programmes/programme-row.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import { type AskedBounds, type Ingest, ingestOf, type Play } from "./ingest-row.js";
import type { Schedule } from "./new-row.js";
import { failuresAmong } from "./media.js";
import { rememberUse, type UseDone } from "../used-signatures.js";
import { slotNow, type SlotTime } from "../slots.js";
import { isNewer } from "./update-turns.js";

/**
 * The order of the updates that were signed in one second. An update of another second begins a
 * new order, and an update without a name ends it.
 */
const updateRunAfter = ({ signature, second, arrivedMs }: UpdateRunSql): Sql => sql`case
  when ${signature}::text is null then null
  when ${second}::bigint is null then jsonb_build_object('last', ${signature}::text)
  when (update_run->>'second')::bigint = ${second}::bigint then
    update_run || jsonb_build_object(
      'last', ${signature}::text,
      'first', jsonb_build_object(${signature}::text, ${arrivedMs}::bigint) || (update_run->'first'))
  else jsonb_build_object(
    'last', ${signature}::text, 'second', ${second}::bigint,
    'first', jsonb_build_object(${signature}::text, ${arrivedMs}::bigint))
end`;

type UpdateRunSql = Record<"signature" | "second" | "arrivedMs", Sql>;

/** The headers of another source are not known. */
export const mediaAfterUpdate = ({ StreamUrl }: Partial<Play>): Sql => sql`case
  when play->>'StreamUrl' = coalesce(${StreamUrl ?? null}::text, play->>'StreamUrl') then media end`;

/** A programme as an update leaves it. */
export interface ProgrammeEdit {
  programme: Programme;
  onAir: OnAir | null;
  /** null: the ingest is paused. */
  stepAt: Date | null;
  /** Until then the holder of the turn carries the step out itself. */
  leaseUntil: Date | null;
}

const programmeColumns = ({
  programme,
  onAir,
}: Pick<ProgrammeEdit, "programme" | "onAir">): Sql => sql`,
         programme = ${JSON.stringify(programme)}::jsonb,
         on_air = ${onAir && JSON.stringify(onAir)}::jsonb`;

const editColumns = ({ stepAt, leaseUntil, ...edit }: ProgrammeEdit): Sql => sql`
         ${programmeColumns(edit)}, step_at = ${stepAt}, step_lease_until = ${leaseUntil}`;

export interface Updated {
  taskId: string;
  deadlineAt: Date | undefined;
  play: Partial<Play>;
  /** Since when it is paused; null: it plays on. */
  pausedAt?: Date | null | undefined;
  failuresAfter?: Date | undefined;
  /** Only the holder of the turn writes; absent: the update needs none. */
  turn?: { sequence: number | undefined; stepFence: number } | undefined;
  /** For an ingest with a programme. */
  edit?: ProgrammeEdit | undefined;
  /** The name of the update: its ClientToken or its signature. */
  signature: string | undefined;
  /** The claimed use of the name; without it, an update with a known name has no effect. */
  use?: UseDone | undefined;
  /** What a later deadline has to keep; see `overBudget`. Absent: it comes no later. */
  budgets?: readonly Budget[] | undefined;
  at: Date;
}

/** The parts of a statement that moves a deadline within budgets, and their condition. */
const deadlineWithin = (
  { taskId, deadlineAt, budgets = [] }: Pick<Updated, "taskId" | "deadlineAt" | "budgets">,
  now: Date | null,
): { parts: Sql; condition: Sql } => {
  if (budgets.length === 0 || deadlineAt === undefined)
    return { parts: NOTHING, condition: NOTHING };
  const parts = budgetParts({
    ...movedTo({ taskId, deadlineAt }),
    budgets,
    allowed: raw("true"),
  });
  return {
    parts: sql`t as (select ${slotNow(bind(now))} as now),
     ${parts}
     `,
    condition: sql` and ${withinBudgets(budgets)}`,
  };
};

/** The turn is over. */
const leaseColumn = (stepFence: Sql): Sql => sql`,
         step_lease_until = case when ${stepFence}::bigint is null then step_lease_until end`;

/**
 * Writes what a running ingest plays from now on and, when it moves, its deadline. With another
 * StreamUrl, failures until `failuresAfter` no longer count for the source, and its headers are not
 * known. A claim for the old deadline stays with its holder, which reads the row again before it
 * stops anything. The same statement records the request's signature, so that the update takes
 * effect once. The row is locked first, so an update that has no effect is not recorded, and its
 * repeat may have one. A deadline that would pass a budget has no effect either.
 */
export async function markUpdated(
  query: Query,
  update: Updated & Pick<SlotTime, "now">,
): Promise<Ingest | undefined> {
  const { use, pausedAt, turn, edit } = update;
  const within = deadlineWithin(update, update.now);
  const task = bind(update.taskId);
  const sequence = bind(turn?.sequence ?? null);
  const stepFence = bind(turn?.stepFence ?? null);
  const at = bind(update.at);
  const signature = bind(update.signature ?? null);
  const second = bind(use?.second ?? null);
  const arrivedMs = bind((use?.arrivedAt ?? update.at).getTime());
  const failuresAfter = sql`greatest(failures_after, ${bind(update.failuresAfter ?? null)}::timestamptz)`;
  const isPaused = bind(pausedAt === undefined ? null : pausedAt !== null);
  const [row] = await run(
    query,
    sql`with ${within.parts}target as (
       select task_id from ingest
       where task_id = ${task} and state = 'running'
         and coalesce(step_fence = ${stepFence}::bigint, true) and ${isNewer(sequence)}${within.condition}
       for update
     ),
     used as (${rememberUse({ signature, at, use, onlyIf: sql`exists (select from target)` })})
     update ingest
     set deadline_at = coalesce(${update.deadlineAt ?? null}::timestamptz, deadline_at),
         play = play || ${JSON.stringify(update.play)}::jsonb,
         media = ${mediaAfterUpdate(update.play)},
         media_failures = ${failuresAmong(sql`media_failures`, failuresAfter)},
         failures_after = ${failuresAfter},
         update_run = ${updateRunAfter({ signature, second, arrivedMs })},
         paused_at = case when ${isPaused}::boolean
                          then coalesce(paused_at, ${pausedAt ?? null}::timestamptz)
                          when ${isPaused} is null then paused_at end,
         ${BY_ACTOR}, sequence = coalesce(${sequence}::bigint, sequence)${edit ? editColumns(edit) : leaseColumn(stepFence)}
     where task_id = ${task} and exists (select from target)
       and (${signature}::text is null or exists (select from used))
     returning *`,
  );
  return row && ingestOf(row);
}

/** The times of a scheduled ingest after an update. */
export interface Reschedule extends Pick<Schedule, "startBy"> {
  /** null: it started at once, and its task has ended. */
  startsAt: Date | null;
  asked: AskedBounds;
  deadlineAt: Date;
  latestAt: Date;
  /** The StartTime is another one, so the next attempt moves and the caller receives an event. */
  isMoved: boolean;
}

export type ScheduledTimes = Pick<Ingest, "startsAt" | "deadlineAt" | "latestAt">;

export interface ScheduledUpdate extends Pick<
  Updated,
  "taskId" | "play" | "signature" | "use" | "budgets" | "at"
> {
  schedule: Reschedule;
  /** Takes effect only on the times as they were read: they decide the new ones. */
  before: ScheduledTimes;
  movedAt: Date;
  sequence?: number | undefined;
  /** Takes effect only on the programme as it was read. */
  edit?: { before: Programme; programme: Programme; onAir: OnAir | null } | undefined;
}

/** The database's times have microseconds, and a Date has milliseconds. */
const isMs = (column: string, time: Date | null): Sql =>
  sql`date_trunc('milliseconds', ${raw(column)}) is not distinct from ${time}::timestamptz`;

/**
 * Writes an update of an ingest whose start waits for its time. `undefined` when an attempt is under
 * way, when a newer update took effect, or when another one changed the times or the list. The row is locked
 * first, so the update's name is then not recorded, and its repeat has an effect. A new StartTime
 * ends the claim for the old one, so its holder neither starts nor postpones the row.
 */
export async function markScheduledUpdated(
  query: Query,
  {
    taskId,
    play,
    schedule,
    before,
    movedAt,
    sequence,
    edit,
    signature: name,
    use,
    budgets,
    at: time,
    now,
  }: ScheduledUpdate & Pick<SlotTime, "now">,
): Promise<Ingest | undefined> {
  const at = bind(time);
  const signature = bind(name ?? null);
  const second = bind(use?.second ?? null);
  const arrivedMs = bind((use?.arrivedAt ?? time).getTime());
  const number = bind(sequence ?? null);
  const startsAt = bind(schedule.startsAt);
  const isMoved = sql`${schedule.isMoved}::boolean`;
  const task = bind(taskId);
  const within = deadlineWithin({ taskId, deadlineAt: schedule.deadlineAt, budgets }, now);
  const [row] = await run(
    query,
    withOutboxEvent("ingest.scheduled", {
      happenedAt: sql`${movedAt}::timestamptz`,
      isNews: isMoved,
      with: [
        sql`${within.parts}target as (
       select task_id from ingest
       where task_id = ${task} and state = 'starting' and advance_at is not null
         and ${isMs("starts_at", before.startsAt)} and ${isMs("deadline_at", before.deadlineAt)}
         and ${isMs("latest_at", before.latestAt)} and ${isNewer(number)}${within.condition}${edit ? sql` and programme = ${JSON.stringify(edit.before)}::jsonb` : NOTHING}
       for update
     )`,
        sql`used as (${rememberUse({ signature, at, use, onlyIf: sql`exists (select from target)` })})`,
      ],
      set: sql`play = play || ${JSON.stringify(play)}::jsonb, media = ${mediaAfterUpdate(play)}, asked = ${JSON.stringify(schedule.asked)}::jsonb,
            starts_at = ${startsAt}, start_by = ${schedule.startBy},
            advance_at = case when ${isMoved} then ${startsAt}::timestamptz else advance_at end,
            advance_lease_until = case when ${isMoved} then null else advance_lease_until end,
            advance_fence = advance_fence + case when ${isMoved} then 1 else 0 end,
            deadline_at = ${schedule.deadlineAt}, latest_at = ${schedule.latestAt},
            sequence = coalesce(${number}::bigint, sequence),
            update_run = ${updateRunAfter({ signature, second, arrivedMs })}${edit ? programmeColumns(edit) : NOTHING}`,
      where: sql`task_id = ${task} and exists (select from target)
            and (${signature}::text is null or exists (select from used))`,
    }),
  );
  return row && ingestOf(row);
}
