/** The statements of a start: the row first, then TRTC (elsewhere), then the outcome. */
import { addMs, MINUTE_MS } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { type Ingest, ingestOf, type MediaState, type StartFailure } from "./ingest-row.js";
import type { Slot } from "../engine/database-time.js";
import { MEDIA_EVENT } from "./media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import * as quota from "./quotas.js";
import { isSlotFar, SLOT_COLUMNS, SLOT_NOW, slotOf, type SlotTime, takeSlotSql } from "../slots.js";

/**
 * How long a start that was sent may still be carried out: its signature holds for five minutes,
 * by TRTC's clock, from which ours may differ by one.
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
  /** Whether its caller is told what becomes of it. */
  notify?: boolean | undefined;
  emptySeconds?: number | null;
  /** What its caller may have; absent: anything. */
  quotas?: quota.Quotas | undefined;
};

export type BegunStart =
  | { outcome: "begun"; ingest: Ingest; slot: Slot | undefined }
  /** The caller has sent this token before. */
  | { outcome: "token-known"; ingest: Ingest }
  /** A live ingest of the application has this robot, or an ended one of which it may still come. */
  | { outcome: "robot-busy"; ingest: Ingest }
  | quota.OverQuota
  | { outcome: "no-slot" };

const SLOT = { action: "'StartStreamIngest'", account: "$4", waitMaxMs: "$17", caller: "$3::text" };
const QUOTA = {
  ...{ caller: "$3", taskId: "$2", maxIngests: "$22::integer", startsPerMinute: "$23::integer" },
  allowed: `not ${isSlotFar(SLOT)}
    and not exists (select from ingest where task_id = $2 or (caller_id = $3 and client_token = $11))
    and not exists (select from ingest where sdk_app_id = $6 and robot_user_id = $9
                    and (state <> 'ended' or unsure_until is not null))`,
};

/** A start that loses its place among its caller's to another tries for the next one. */
export const TRIES_MAX = 100;

/** As `tryBegin`; or what stands in the way. */
export async function beginStart(query: Query, wanted: Wanted): Promise<BegunStart> {
  const { quotas = {} } = wanted;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const begun = await tryBegin(query, wanted);
    if (begun) return begun;
    const known = await findStart(query, wanted);
    if (known.outcome !== "no-slot" || !quota.hasQuotas(quotas)) return known;
    const refusal = await quota.refusalOf(query, { ...wanted, quotas });
    if (refusal) return refusal;
  }
  return { outcome: "no-slot" };
}

type Wanted = NewIngest & { leaseMs: number; waitMaxMs: number } & SlotTime;

/** Writes the row in `starting`, with a lease, and takes a slot: one statement, so that neither stands without the other. */
async function tryBegin(query: Query, wanted: Wanted): Promise<BegunStart | undefined> {
  const leaseUntil = addMs(wanted.createdAt, wanted.leaseMs);
  const { quotas = {} } = wanted;
  const isBounded = quota.hasQuotas(quotas);
  const [row] = await query(
    `with t as (select ${SLOT_NOW} as now),
     ${isBounded ? quota.quotaParts(QUOTA) : ""}
     begun as (
       insert into ingest (
         task_id, caller_id, account, region, sdk_app_id, room_id, room_id_type, robot_user_id,
         play, client_token, request_hash, state, created_at, latest_at, deadline_at, lease_until,
         site, unsure_until, notified, empty_seconds
       )
       select $2, $3, $4, $5, $6::bigint, $7, $8::smallint, $9,
              $10::jsonb, $11, $12, 'starting', $13::timestamptz, $14::timestamptz, $15::timestamptz,
              $16::timestamptz, $18, $19::timestamptz, case when $20 then 0 end, $21::integer
       from t
       where not ${isSlotFar(SLOT)}
       ${isBounded ? quota.withinQuotas(QUOTA) : ""}
       and not exists (
         select from ingest
         where sdk_app_id = $6 and robot_user_id = $9 and state = 'ended'
           and unsure_until is not null
       )
       on conflict do nothing
       returning *
     ),
     slot as (${takeSlotSql("begun", SLOT)})
     select begun.*, ${SLOT_COLUMNS} from begun left join slot on true`,
    [
      wanted.now,
      wanted.taskId,
      wanted.callerId,
      wanted.account,
      wanted.region,
      wanted.sdkAppId,
      wanted.roomId,
      wanted.roomIdType,
      wanted.robotUserId,
      JSON.stringify(wanted.play),
      wanted.clientToken,
      wanted.requestHash,
      wanted.createdAt,
      wanted.latestAt,
      wanted.deadlineAt,
      leaseUntil,
      wanted.waitMaxMs,
      wanted.site,
      addMs(leaseUntil, LATE_START_MS),
      wanted.notify ?? false,
      wanted.emptySeconds ?? null,
      ...(isBounded ? [quotas.maxIngests ?? null, quotas.startsPerMinute ?? null] : []),
    ],
  );
  if (!row) return undefined;
  return { outcome: "begun", ingest: ingestOf(row), slot: slotOf(row, wanted.readSlot) };
}

/**
 * What stands in the way of a start, or is it already. A statement of its own: the one above
 * cannot see a row that was committed while it ran.
 */
export async function findStart(query: Query, wanted: NewIngest): Promise<BegunStart> {
  const [row] = await query(
    `select *, caller_id = $1 and client_token is not null and client_token = $2 as token_known
     from ingest
     where (caller_id = $1 and client_token = $2)
        or (sdk_app_id = $3 and robot_user_id = $4
            and (state <> 'ended' or unsure_until is not null))
     order by token_known desc nulls last
     limit 1`,
    [wanted.callerId, wanted.clientToken, wanted.sdkAppId, wanted.robotUserId],
  );
  if (!row) return { outcome: "no-slot" };
  const outcome = row["token_known"] === true ? "token-known" : "robot-busy";
  return { outcome, ingest: ingestOf(row) };
}

/** TRTC has answered: only attempts before the one that it answered leave a doubt. */
const STILL_UNSURE = "case when fence > 0 then unsure_until end";

export interface Running extends Record<"startedAt" | "deadlineAt" | "latestAt", Date> {
  trtcTaskId: string;
  /** How the source does before TRTC has told anything of it; null where it will not. */
  mediaState?: MediaState | null;
}

/** What TRTC told of the task before it answered. */
const TOLD = `
  told as (
    select * from unclaimed_task
    where trtc_task_id = $3 and sdk_app_id = (select sdk_app_id from ingest where task_id = $1)
  )`;

const CLAIMED = `
  claimed as (
    delete from unclaimed_task using told
    where unclaimed_task.sdk_app_id = told.sdk_app_id
      and unclaimed_task.trtc_task_id = told.trtc_task_id
      and exists (select from changed)
  )`;

/**
 * `undefined` when the row is no longer ours to move: someone settled it meanwhile. After a first
 * attempt nothing is unsure any more; what an earlier attempt may still bring stays so. What TRTC
 * has told of the task before its answer was written is taken over in the same breath, and its
 * caller told of it behind the start; if that was the task's end, TRTC is asked soon. Who is in the
 * room is looked at when its time has come.
 */
export async function markRunning(
  query: Query,
  to: Running & { taskId: string; fence: number },
): Promise<Ingest | undefined> {
  const [row] = await query(
    withOutboxEvent("ingest.started", {
      happenedAt: "started_at",
      with: [TOLD],
      set: `state = 'running', trtc_task_id = $3, started_at = $4, deadline_at = $5, latest_at = $6,
            lease_until = null, unsure_until = ${STILL_UNSURE},
            heard_at = case when not exists (select from told where ended_at is not null)
                            then greatest($4::timestamptz, (select last_seen_at from told)) end,
            empty_at = $4::timestamptz + empty_seconds * interval '1 second',
            media_state = coalesce((select media_state from told), $7),
            media_at = case when exists (select from told where media_state is not null)
                            then (select media_at from told)
                            when $7::text is not null then $4::timestamptz end,
            media_failures = coalesce((select media_failures from told), '{}'),
            failures_after = (select failures_after from told)`,
      where: "task_id = $1 and fence = $2 and state = 'starting'",
      and: [CLAIMED],
      next: {
        ...{ type: "ingest.media", ...MEDIA_EVENT },
        isNews: "exists (select from told where media_state is not null)",
      },
    }),
    [
      to.taskId,
      to.fence,
      to.trtcTaskId,
      to.startedAt,
      to.deadlineAt,
      to.latestAt,
      to.mediaState ?? null,
    ],
  );
  return row && ingestOf(row);
}

/**
 * A start that certainly did not happen. One that may succeed later gives its ClientToken back,
 * so that the caller's retry is a new attempt and not the same refusal. `undefined`: it is somebody
 * else's by now.
 */
export async function markFailed(
  query: Query,
  to: Pick<Ingest, "taskId" | "fence"> & StartFailure,
): Promise<Ingest | undefined> {
  const [row] = await query(
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: `state = 'ended', end_reason = 'failed', failure_code = $3, failure_message = $4,
            ended_at = $5, lease_until = null, unsure_until = ${STILL_UNSURE},
            client_token = case when $6 then null else client_token end,
            end_cause = coalesce($7, end_cause)`,
      where: "task_id = $1 and fence = $2 and state = 'starting'",
    }),
    [to.taskId, to.fence, to.code, to.message, to.at, to.retry, to.cause ?? null],
  );
  return row && ingestOf(row);
}
