/** Messages that came to nothing: kept until somebody has looked, and they are played again or dropped. */
import type { Query, Row } from "./engine/database.js";

export interface DeadLetter {
  id: string;
  source: string;
  messageId: string;
  receivedAt: Date;
  code: string;
  message: string;
  payload: unknown;
  /** How often it came to nothing. */
  attempts: number;
  /** When it came to something after all. */
  replayedAt: Date | null;
}

/** The same message once more is the same row, with its newest reason. */
export async function addDeadLetter(
  query: Query,
  dead: Omit<DeadLetter, "attempts" | "replayedAt">,
): Promise<void> {
  await query(
    `insert into dead_letter (id, source, message_id, received_at, code, message, payload)
     values ($1, $2, $3, $4, $5, $6, $7::jsonb)
     on conflict (id) do update
     set code = excluded.code, message = excluded.message, attempts = dead_letter.attempts + 1,
         replayed_at = null`,
    [
      dead.id,
      dead.source,
      dead.messageId,
      dead.receivedAt,
      dead.code,
      dead.message,
      JSON.stringify(dead.payload),
    ],
  );
}

/** Of those of them that there are, and that lie there still. */
export async function resolveDeadLetters(
  query: Query,
  { ids, at }: { ids: readonly string[]; at: Date },
): Promise<void> {
  await query(
    "update dead_letter set replayed_at = $2 where id = any($1) and replayed_at is null",
    [ids, at],
  );
}

/** Those that came to something before then; the others stay until somebody has looked. */
export async function forgetResolved(query: Query, before: Date): Promise<void> {
  await query("delete from dead_letter where replayed_at < $1", [before]);
}

export interface DeadLetterFilter {
  /** Those that came to something as well. */
  all: boolean;
  limit: number;
  /** The last of the page before. */
  after?: Pick<DeadLetter, "receivedAt" | "id"> | undefined;
}

/** In the order in which they came, which is the one to replay them in. */
export async function listDeadLetters(
  query: Query,
  { all, limit, after }: DeadLetterFilter,
): Promise<DeadLetter[]> {
  const rows = await query(
    `select * from dead_letter
     where ($1 or replayed_at is null)
       and ($3::timestamptz is null or (received_at, id) > ($3, $4))
     order by received_at, id
     limit $2`,
    [all, limit, after?.receivedAt ?? null, after?.id ?? null],
  );
  return rows.map(deadLetterOf);
}

export async function readDeadLetter(query: Query, id: string): Promise<DeadLetter | undefined> {
  const [row] = await query("select * from dead_letter where id = $1", [id]);
  return row && deadLetterOf(row);
}

export async function dropDeadLetter(query: Query, id: string): Promise<boolean> {
  const rows = await query("delete from dead_letter where id = $1 returning id", [id]);
  return rows.length > 0;
}

/**
 * Whether a start with this token was refused for good: the token has that answer, and no other. One
 * that played, and whose source failed later, was no refusal.
 */
export async function isTokenSpent(
  query: Query,
  { callerId, clientToken }: { callerId: string; clientToken: string },
): Promise<boolean> {
  const rows = await query(
    `select from ingest
     where caller_id = $1 and client_token = $2 and failure_code is not null`,
    [callerId, clientToken],
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
