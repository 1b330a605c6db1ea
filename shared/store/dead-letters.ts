/** Keeps messages that failed until an operator replays or drops them. */
import type { Query, Row } from "./engine/database.js";
import { bind, run, sql } from "./engine/sql.js";

export interface DeadLetter {
  id: string;
  source: string;
  messageId: string;
  receivedAt: Date;
  code: string;
  message: string;
  payload: unknown;
  /** The number of failures. */
  attempts: number;
  /** When a replay of it succeeded; null: not yet. */
  replayedAt: Date | null;
}

/** Another failure of the same message updates its row with the newest reason. */
export async function addDeadLetter(
  query: Query,
  dead: Omit<DeadLetter, "attempts" | "replayedAt">,
): Promise<void> {
  await run(
    query,
    sql`insert into dead_letter (id, source, message_id, received_at, code, message, payload)
     values (${dead.id}, ${dead.source}, ${dead.messageId}, ${dead.receivedAt}, ${dead.code},
             ${dead.message}, ${JSON.stringify(dead.payload)}::jsonb)
     on conflict (id) do update
     set code = excluded.code, message = excluded.message, attempts = dead_letter.attempts + 1,
         replayed_at = null`,
  );
}

/** Marks messages as replayed. Unknown and already replayed ones stay as they are. */
export async function resolveDeadLetters(
  query: Query,
  { ids, at }: { ids: readonly string[]; at: Date },
): Promise<void> {
  await run(
    query,
    sql`update dead_letter set replayed_at = ${at} where id = any(${ids}) and replayed_at is null`,
  );
}

/** Deletes messages that were replayed before this time; the others stay for the operator. */
export async function forgetResolved(query: Query, before: Date): Promise<void> {
  await run(query, sql`delete from dead_letter where replayed_at < ${before}`);
}

export interface DeadLetterFilter {
  /** Include replayed ones. */
  all: boolean;
  limit: number;
  /** The last row of the previous page. */
  after?: Pick<DeadLetter, "receivedAt" | "id"> | undefined;
}

/** In the order of arrival, which is also the order to replay them in. */
export async function listDeadLetters(
  query: Query,
  { all, limit, after }: DeadLetterFilter,
): Promise<DeadLetter[]> {
  const afterAt = bind(after?.receivedAt ?? null);
  const rows = await run(
    query,
    sql`select * from dead_letter
     where (${all} or replayed_at is null)
       and (${afterAt}::timestamptz is null or (received_at, id) > (${afterAt}, ${after?.id ?? null}))
     order by received_at, id
     limit ${limit}`,
  );
  return rows.map(deadLetterOf);
}

export async function readDeadLetter(query: Query, id: string): Promise<DeadLetter | undefined> {
  const [row] = await run(query, sql`select * from dead_letter where id = ${id}`);
  return row && deadLetterOf(row);
}

export async function dropDeadLetter(query: Query, id: string): Promise<boolean> {
  const rows = await run(query, sql`delete from dead_letter where id = ${id} returning id`);
  return rows.length > 0;
}

/**
 * Whether a start with this token was refused for good. The token keeps that answer. A start that
 * played, and whose source failed later, was not refused.
 */
export async function isTokenSpent(
  query: Query,
  { callerId, clientToken }: { callerId: string; clientToken: string },
): Promise<boolean> {
  const rows = await run(
    query,
    sql`select from ingest
     where caller_id = ${callerId} and client_token = ${clientToken}
       and state = 'ended' and failure_code is not null`,
  );
  return rows.length > 0;
}

const deadLetterOf = (row: Row): DeadLetter => ({
  id: String(row["id"]),
  source: String(row["source"]),
  messageId: String(row["message_id"]),
  receivedAt: row["received_at"] as Date,
  code: String(row["code"]),
  message: String(row["message"]),
  payload: row["payload"],
  attempts: Number(row["attempts"]),
  replayedAt: row["replayed_at"] as Date | null,
});
