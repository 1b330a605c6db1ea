/** Writes a start: the row first, and the outcome after the call to TRTC. */
import { addMs, MINUTE_MS } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { bind, NOTHING, raw, run, type Sql, sql } from "../engine/sql.js";
import { type Ingest, ingestOf, type MediaState, type StartFailure } from "./ingest-row.js";
import type { Slot } from "../engine/database-time.js";
import { MEDIA_EVENT } from "./media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import * as quota from "./quotas.js";
import { isSlotFar, SLOT_COLUMNS, slotNow, slotOf, type SlotTime, takeSlotSql } from "../slots.js";

/**
 * TRTC may carry out a start this long after it was sent: the signature is valid for five minutes,
 * and TRTC's clock and ours may differ by one minute.
 */
export const LATE_START_MS = 6 * MINUTE_MS;

export type NewIngest = Pick<
  Ingest,
  | "taskId"
  | "callerId"
  | "account"
  | "site"
  | "region"
  | "sdkAppId"
  | "roomId"
  | "roomIdType"
  | "robotUserId"
  | "play"
  | "clientToken"
  | "requestHash"
  | "createdAt"
  | "latestAt"
  | "deadlineAt"
> & {
  /** Whether its caller receives notifications. */
  notify?: boolean | undefined;
  emptySeconds?: number | null;
  /** The caller's limits; absent: none. */
  quotas?: quota.Quotas | undefined;
};

/** An ingest that prevents a new one. */
export interface Conflict {
  /**
   * `token-known`: the caller has sent this token before. `robot-busy`: a live ingest of the
   * application has this robot, or an ended one whose start may still arrive.
   */
  outcome: "token-known" | "robot-busy";
  ingest: Ingest;
}

export type BegunStart =
  | { outcome: "begun"; ingest: Ingest; slot: Slot | undefined }
  | Conflict
  | quota.OverQuota
  | { outcome: "no-slot" };

type StartRequest = NewIngest & { leaseMs: number; waitMaxMs: number } & SlotTime;

/** A start that loses its place to another start of the same caller tries the next place. */
export const TRIES_MAX = 100;

/** Begins a start, or says what prevents it. */
export async function beginStart(query: Query, start: StartRequest): Promise<BegunStart> {
  const { quotas = {} } = start;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const begun = await tryBegin(query, start);
    if (begun) return begun;
    const conflict = await findConflict(query, start);
    if (conflict) return conflict;
    if (!quota.hasQuotas(quotas)) return { outcome: "no-slot" };
    const refusal = await quota.refusalOf(query, { ...start, quotas });
    if (refusal) return refusal;
  }
  return { outcome: "no-slot" };
}

/** One statement writes the row, with a lease, and takes a slot: it does both or neither. */
async function tryBegin(query: Query, start: StartRequest): Promise<BegunStart | undefined> {
  const leaseUntil = addMs(start.createdAt, start.leaseMs);
  const now = bind(start.now);
  const taskId = bind(start.taskId);
  const caller = bind(start.callerId);
  const account = bind(start.account);
  const app = bind(start.sdkAppId);
  const robot = bind(start.robotUserId);
  const token = bind(start.clientToken);
  const slot = {
    action: raw("'StartStreamIngest'"),
    account,
    waitMaxMs: bind(start.waitMaxMs),
    caller: sql`${caller}::text`,
  };
  const isFar = isSlotFar(slot);
  const { quotas = {} } = start;
  const limits = quota.hasQuotas(quotas) && {
    ...{ caller, taskId },
    maxIngests: sql`${quotas.maxIngests ?? null}::integer`,
    startsPerMinute: sql`${quotas.startsPerMinute ?? null}::integer`,
    allowed: sql`not ${isFar}
    and not exists (select from ingest where task_id = ${taskId} or (caller_id = ${caller} and client_token = ${token}))
    and not exists (select from ingest where sdk_app_id = ${app} and robot_user_id = ${robot}
                    and (state <> 'ended' or unsure_until is not null))`,
  };
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(now)} as now),
     ${limits ? quota.quotaParts(limits) : NOTHING}
     begun as (
       insert into ingest (
         task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id,
         play, client_token, request_hash, state, created_at, latest_at, deadline_at, lease_until,
         site, unsure_until, notified, empty_seconds
       )
       select ${taskId}, ${caller}, ${account}, ${start.region}, ${app}::bigint, ${start.roomId},
              ${start.roomIdType}::smallint, ${robot}, ${JSON.stringify(start.play)}::jsonb, ${token},
              ${start.requestHash}, 'starting', ${start.createdAt}::timestamptz,
              ${start.latestAt}::timestamptz, ${start.deadlineAt}::timestamptz,
              ${leaseUntil}::timestamptz, ${start.site},
              ${addMs(leaseUntil, LATE_START_MS)}::timestamptz,
              case when ${start.notify ?? false} then 0 end, ${start.emptySeconds ?? null}::integer
       from t
       where not ${isFar}
       ${limits ? quota.withinQuotas(limits) : NOTHING}
       and not exists (
         select from ingest
         where sdk_app_id = ${app} and robot_user_id = ${robot} and state = 'ended'
           and unsure_until is not null
       )
       on conflict do nothing
       returning *
     ),
     slot as (${takeSlotSql(sql`begun`, now, slot)})
     select begun.*, ${SLOT_COLUMNS} from begun left join slot on true`,
  );
  if (!row) return undefined;
  return { outcome: "begun", ingest: ingestOf(row), slot: slotOf(row, start.readSlot) };
}

/**
 * Finds the ingest that prevents a start. This is a statement of its own, because `tryBegin` cannot
 * see a row that another transaction commits meanwhile.
 */
export async function findConflict(query: Query, start: NewIngest): Promise<Conflict | undefined> {
  const caller = bind(start.callerId);
  const token = bind(start.clientToken);
  const [row] = await run(
    query,
    sql`select *, caller_id = ${caller} and client_token is not null and client_token = ${token} as token_known
     from ingest
     where (caller_id = ${caller} and client_token = ${token})
        or (sdk_app_id = ${start.sdkAppId} and robot_user_id = ${start.robotUserId}
            and (state <> 'ended' or unsure_until is not null))
     order by token_known desc nulls last
     limit 1`,
  );
  if (!row) return undefined;
  const outcome = row["token_known"] === true ? "token-known" : "robot-busy";
  return { outcome, ingest: ingestOf(row) };
}

/** TRTC has answered this attempt. Only an earlier attempt can still bring a late robot. */
const LATE_START_LEFT = sql`case when fence > 0 then unsure_until end`;

export interface Running extends Record<"startedAt" | "deadlineAt" | "latestAt", Date> {
  trtcTaskId: string;
  /** The state of the source before TRTC reports any; null where TRTC will not report it. */
  mediaState?: MediaState | null;
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
 * attempt no late robot is possible any more; an earlier attempt may still bring one. The same
 * statement takes over what TRTC reported about the task before its answer, and writes that
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
  const [row] = await run(
    query,
    withOutboxEvent("ingest.started", {
      happenedAt: "started_at",
      with: [reportedTask(taskId, trtcTaskId)],
      set: sql`state = 'running', trtc_task_id = ${trtcTaskId}, started_at = ${startedAt},
            deadline_at = ${to.deadlineAt}, latest_at = ${to.latestAt},
            lease_until = null, unsure_until = ${LATE_START_LEFT},
            heard_at = case when not exists (select from reported where ended_at is not null)
                            then greatest(${startedAt}::timestamptz, (select last_seen_at from reported)) end,
            empty_at = ${startedAt}::timestamptz + empty_seconds * interval '1 second',
            media_state = coalesce((select media_state from reported), ${mediaState}),
            media_at = case when exists (select from reported where media_state is not null)
                            then (select media_at from reported)
                            when ${mediaState}::text is not null then ${startedAt}::timestamptz end,
            media_failures = coalesce((select media_failures from reported), '{}'),
            failures_after = (select failures_after from reported)`,
      where: sql`task_id = ${taskId} and fence = ${to.fence} and state = 'starting'`,
      and: [CLAIMED],
      next: {
        ...{ type: "ingest.media", ...MEDIA_EVENT },
        isNews: sql`exists (select from reported where media_state is not null)`,
      },
    }),
  );
  return row && ingestOf(row);
}

/**
 * A start that certainly did not happen. If it may succeed later, the row gives its ClientToken
 * back, so that the caller's retry is a new attempt and not the same refusal. `undefined` when the
 * row has another holder.
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
            failure_message = ${to.message}, ended_at = ${to.at}, lease_until = null,
            unsure_until = ${LATE_START_LEFT},
            client_token = case when ${to.retry} then null else client_token end,
            end_cause = coalesce(${to.cause ?? null}, end_cause)`,
      where: sql`task_id = ${to.taskId} and fence = ${to.fence} and state = 'starting'`,
    }),
  );
  return row && ingestOf(row);
}
