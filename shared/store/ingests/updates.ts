/** The statements of an update. */
import type { Query } from "../engine/database.js";
import { type Ingest, ingestOf, type Play } from "./ingest-row.js";
import { failuresAmong } from "./media.js";
import { USED, type UseDone } from "../used-signatures.js";

const FAILURES_AFTER = "greatest(failures_after, $6::timestamptz)";

/** The order of the updates of one second; any other begins anew, and one without a name ends it. */
const UPDATE_RUN = `case
  when $5::text is null then null
  when $8::bigint is null then jsonb_build_object('last', $5::text)
  when (update_run->>'second')::bigint = $8::bigint then
    update_run || jsonb_build_object(
      'last', $5::text, 'first', jsonb_build_object($5::text, $9::bigint) || (update_run->'first'))
  else jsonb_build_object(
    'last', $5::text, 'second', $8::bigint, 'first', jsonb_build_object($5::text, $9::bigint))
end`;

export interface Updated {
  taskId: string;
  deadlineAt: Date | undefined;
  play: Partial<Play>;
  /** Since when it is paused; null: it plays on. */
  pausedAt?: Date | null | undefined;
  failuresAfter?: Date | undefined;
  /** What names the update: its ClientToken or its signature. */
  signature: string | undefined;
  /** Of a claimed use; without it a name that is known takes no effect. */
  use?: UseDone | undefined;
  at: Date;
}

/**
 * Writes what a running ingest plays from now on and, when it moves, its deadline. `failuresAfter`:
 * with another StreamUrl the failures until then are no longer of the source. A claim for the
 * old deadline stays with its holder, who re-reads the row before it stops anything; the signature
 * of the request is remembered in the same breath, so that it takes effect once.
 */
export async function markUpdated(query: Query, to: Updated): Promise<Ingest | undefined> {
  const [row] = await query(
    `with used as (${USED})
     update ingest
     set deadline_at = coalesce($2::timestamptz, deadline_at), play = play || $3::jsonb,
         media_failures = ${failuresAmong("media_failures", FAILURES_AFTER)},
         failures_after = ${FAILURES_AFTER}, update_run = ${UPDATE_RUN},
         paused_at = case when $11::boolean then coalesce(paused_at, $12::timestamptz)
                          when $11 is null then paused_at end
     where task_id = $1 and state = 'running'
       and ($5::text is null or exists (select from used))
     returning *`,
    [
      to.taskId,
      to.deadlineAt ?? null,
      JSON.stringify(to.play),
      to.at,
      to.signature ?? null,
      to.failuresAfter ?? null,
      to.use?.leaseUntil ?? null,
      to.use?.second ?? null,
      (to.use?.arrivedAt ?? to.at).getTime(),
      to.use?.traceId ?? null,
      to.pausedAt === undefined ? null : to.pausedAt !== null,
      to.pausedAt ?? null,
    ],
  );
  return row && ingestOf(row);
}
