/** The statements of an update. */
import type { Query } from "./database.js";
import { type Ingest, ingestOf, type Play } from "./ingest-row.js";
import { failuresAmong } from "./media.js";

const FAILURES_AFTER = "greatest(failures_after, $6::timestamptz)";

/**
 * Writes what a running ingest plays from now on and, when it moves, its deadline. `failuresAfter`:
 * with another StreamUrl the failures until then are no longer of the source. A claim for the
 * old deadline stays with its holder, who re-reads the row before it stops anything; the signature
 * of the request is remembered in the same breath, so that it takes effect once.
 */
export async function markUpdated(
  query: Query,
  to: {
    taskId: string;
    deadlineAt: Date | undefined;
    play: Partial<Play>;
    failuresAfter?: Date | undefined;
    signature: string | undefined;
    at: Date;
  },
): Promise<Ingest | undefined> {
  const [row] = await query(
    `with used as (
       insert into used_signature (signature, used_at)
       select $5, $4::timestamptz where $5::text is not null
       on conflict do nothing
       returning 1
     )
     update ingest
     set deadline_at = coalesce($2::timestamptz, deadline_at), play = play || $3::jsonb,
         media_failures = ${failuresAmong("media_failures", FAILURES_AFTER)},
         failures_after = ${FAILURES_AFTER}
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
    ],
  );
  return row && ingestOf(row);
}

export async function isSignatureUsed(query: Query, signature: string): Promise<boolean> {
  const rows = await query("select from used_signature where signature = $1", [signature]);
  return rows.length > 0;
}

/** A signature older than its own five minutes is refused before anybody asks for it here. */
export async function forgetSignatures(query: Query, before: Date): Promise<void> {
  await query("delete from used_signature where used_at < $1", [before]);
}
