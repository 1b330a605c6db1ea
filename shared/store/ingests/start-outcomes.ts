/** Writes the outcome of a start, after the call to TRTC. */
import type { Query } from "../engine/database.js";
import { bind, NOTHING, run, type Sql, sql } from "../engine/sql.js";
import { type Ingest, ingestOf, type MediaState, type StartFailure } from "./ingest-row.js";
import { MEDIA_EVENT } from "./media.js";
import type { OnAir, Programme } from "../programmes/programme-row.js";
import { ON_AIR_FACTS } from "../programmes/steps.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";

/**
 * TRTC has answered this attempt. An earlier attempt can still bring a late robot only if it had no
 * answer, and then another instance has taken the start over.
 */
export const LATE_START_LEFT = sql`case when settled_at is not null then unsure_until end`;

export interface Running extends Record<"startedAt" | "deadlineAt" | "latestAt", Date> {
  trtcTaskId: string;
  /** The state of the source before TRTC reports any; null where TRTC will not report it. */
  mediaState?: MediaState | null;
  /** Set with a programme: what is on air, and when its next step is due. */
  began?:
    { programme: Programme; onAir: OnAir; stepAt: Date | null; streamUrl: string } | undefined;
  /** The ingest has played before: its task ended, and another one follows. */
  isRestart?: boolean;
}

/** The events that TRTC sent about the task before it answered the start. */
const reportedTask = (taskId: Sql, trtcTaskId: Sql): Sql => sql`
  reported as (
    select * from unclaimed_task
    where trtc_task_id = ${trtcTaskId}
      and sdk_app_id = (select sdk_app_id from ingest where task_id = ${taskId})
  )`;

const CLAIMED = sql`
  claimed as (
    delete from unclaimed_task using reported
    where unclaimed_task.sdk_app_id = reported.sdk_app_id
      and unclaimed_task.trtc_task_id = reported.trtc_task_id
      and exists (select from changed)
  )`;

/**
 * `undefined` when the row has another holder: reconcile-ingests has taken it over. After a first
 * attempt no late robot is possible any more. An earlier attempt may still bring one. The same
 * statement takes over what TRTC reported about the task before its answer. It writes that
 * notification after the one of the start. If TRTC reported the task's end, the task is checked
 * soon. Viewers are looked up when `empty_at` comes.
 */
export async function markRunning(
  query: Query,
  to: Running & { taskId: string; fence: number },
): Promise<Ingest | undefined> {
  const taskId = bind(to.taskId);
  const trtcTaskId = bind(to.trtcTaskId);
  const startedAt = bind(to.startedAt);
  const mediaState = bind(to.mediaState ?? null);
  const { began, isRestart = false } = to;
  const [row] = await run(
    query,
    withOutboxEvent(isRestart ? "ingest.restarted" : "ingest.started", {
      happenedAt: sql`${startedAt}::timestamptz`,
      besides: ON_AIR_FACTS,
      with: [reportedTask(taskId, trtcTaskId)],
      set: sql`state = 'running', trtc_task_id = ${trtcTaskId}, started_at = coalesce(started_at, ${startedAt}),
            deadline_at = ${to.deadlineAt}, latest_at = ${to.latestAt},
            lease_until = null, unsure_until = ${LATE_START_LEFT},
            failure_code = null, failure_message = null,
            heard_at = case when not exists (select from reported where ended_at is not null)
                            then greatest(${startedAt}::timestamptz, (select last_seen_at from reported)) end,
            empty_at = ${startedAt}::timestamptz + empty_seconds * interval '1 second',
            media_state = coalesce((select media_state from reported), ${mediaState}),
            media_at = case when exists (select from reported where media_state is not null)
                            then (select media_at from reported)
                            when ${mediaState}::text is not null then ${startedAt}::timestamptz end,
            media_failures = coalesce((select media_failures from reported), '{}'),
            failures_after = (select failures_after from reported)${began ? onAirColumns(began) : NOTHING}`,
      where: sql`task_id = ${taskId} and fence = ${to.fence} and state = 'starting'`,
      and: [CLAIMED],
      next: {
        type: "ingest.media",
        ...MEDIA_EVENT,
        isNews: sql`exists (select from reported where media_state is not null)`,
      },
    }),
    "kept",
  );
  return row && ingestOf(row);
}

const onAirColumns = ({
  programme,
  onAir,
  stepAt,
  streamUrl,
}: NonNullable<Running["began"]>): Sql => sql`,
            programme = ${JSON.stringify(programme)}::jsonb, on_air = ${JSON.stringify(onAir)}::jsonb,
            step_at = ${stepAt}, step_lease_until = null, step_fence = step_fence + 1,
            play = play || ${JSON.stringify({ StreamUrl: streamUrl })}::jsonb`;

/**
 * A start that certainly did not happen. If it may succeed later, the row gives its ClientToken
 * back. The caller's retry is then a new attempt, not the same refusal. `undefined` when the row
 * has another holder.
 */
export async function markFailed(
  query: Query,
  to: Pick<Ingest, "taskId" | "fence"> & StartFailure,
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`state = 'ended', end_reason = 'failed', failure_code = ${to.code},
            failure_message = ${to.message}, start_refusal = ${to.answer ?? null},
            ended_at = ${to.at}, lease_until = null,
            unsure_until = ${LATE_START_LEFT},
            client_token = case when ${to.retry} then null else client_token end,
            end_cause = coalesce(${to.cause ?? null}, end_cause)`,
      where: sql`task_id = ${to.taskId} and fence = ${to.fence} and state = 'starting'`,
    }),
  );
  return row && ingestOf(row);
}
