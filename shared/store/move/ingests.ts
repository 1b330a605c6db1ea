/** Moves the ingests of an account, each with its history and its notifications. */
import type { Query } from "../engine/database.js";
import { raw, run, type Sql, sql } from "../engine/sql.js";
import { copyRows, idsIn, type Movable } from "./move.js";

const BATCH = 100;

/** No lease lasts so long, so a row with this one is held by a move. */
const HELD = "9999-01-01T00:00:00Z";

/**
 * A row whose next instant is nearer stays. Another run of its timer could be too late for it in the
 * new database. Rows that a function works on have a lease, and stay as well.
 */
const canMove = (aheadSeconds: number): Sql => sql`ingest.successor_of is null
  and not exists (select from ingest as next where next.successor_of = ingest.task_id)
  and (
    (ingest.state = 'ended' and ingest.unsure_until is null)
    or (
      (ingest.state = 'running' or (
        ingest.state = 'starting' and ingest.started_at is null and ingest.advance_at is not null
      ))
      and coalesce(greatest(lease_until, advance_lease_until, step_lease_until) <= now(), true)
      and least(due_at, empty_at, advance_at, step_at) > now() + ${aheadSeconds} * interval '1 second'
    )
  )`;

const DIGEST = "md5(ingest::text)";

export const movableIngests = (account: string, aheadSeconds: number): Movable => ({
  async read(query) {
    const rows = await run(
      query,
      sql`select task_id as id, ${raw(DIGEST)} as digest from ingest
       where account = ${account} and ${canMove(aheadSeconds)} order by task_id limit ${raw(BATCH)}`,
    );
    return { ids: idsIn(rows), digests: rows.map((row) => String(row["digest"])) };
  },

  async write(route, { ids }) {
    await drop(route.to, ids);
    const hold = { advance_lease_until: HELD, step_lease_until: HELD };
    await copyRows(route, { table: "ingest", key: "task_id", ids, hold });
    // A trigger has written that the rows are new. Their own history follows.
    await dropFrom(route.to, "ingest_event", ids);
    await copyRows(route, { table: "ingest_event", key: "task_id", ids });
    await copyRows(route, { table: "outbox", key: "task_id", ids });
  },

  async remove(query, { ids, digests }) {
    const rows = await run(
      query,
      sql`with gone as (
         delete from ingest using unnest(${ids}::text[], ${digests}::text[]) as moved (id, digest)
         where task_id = moved.id and ${raw(DIGEST)} = moved.digest
         returning task_id
       ),
       events as (delete from ingest_event using gone where ingest_event.task_id = gone.task_id),
       notifications as (delete from outbox using gone where outbox.task_id = gone.task_id)
       select task_id as id from gone`,
    );
    return idsIn(rows);
  },

  async settle(query, { ids, others }) {
    await run(
      query,
      sql`update ingest set advance_lease_until = null, step_lease_until = null
       where task_id = any(${ids}::text[]) and advance_lease_until = ${HELD}`,
    );
    await drop(query, others);
  },
});

async function drop(query: Query, ids: string[]): Promise<void> {
  for (const table of ["outbox", "ingest_event", "ingest"]) await dropFrom(query, table, ids);
}

const dropFrom = (query: Query, table: string, ids: string[]) =>
  run(query, sql`delete from ${raw(table)} where task_id = any(${ids}::text[])`);

/** What a killed run has left held: let go where the row was deleted, and dropped where it is still. */
export async function settleHeld(
  { from, to }: { from: Query; to: Query },
  account: string,
): Promise<void> {
  const held = idsIn(
    await run(
      to,
      sql`select task_id as id from ingest where account = ${account} and advance_lease_until = ${HELD}`,
    ),
  );
  const still = new Set(
    idsIn(
      await run(from, sql`select task_id as id from ingest where task_id = any(${held}::text[])`),
    ),
  );
  await movableIngests(account, 0).settle(to, {
    ids: held.filter((id) => !still.has(id)),
    others: held.filter((id) => still.has(id)),
  });
}

export interface Left {
  ended: number;
  live: number;
  schedules: number;
}

/** What the account has in a database. */
export async function countLeft(
  query: Query,
  { account, sdkAppIds }: { account: string; sdkAppIds: readonly number[] },
): Promise<Left> {
  const [row] = await run(
    query,
    sql`select count(*) filter (where state = 'ended')::integer as ended,
            count(*) filter (where state <> 'ended')::integer as live,
            (select count(*)::integer from schedule where sdk_app_id = any(${sdkAppIds}::bigint[])) as schedules
     from ingest where account = ${account}`,
  );
  const countOf = (name: keyof Left) => Number(row?.[name] ?? 0);
  return { ended: countOf("ended"), live: countOf("live"), schedules: countOf("schedules") };
}
