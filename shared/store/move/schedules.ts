/** Moves the schedules of an account's applications, each with its occurrences. */
import type { Query } from "../engine/database.js";
import { raw, run, sql } from "../engine/sql.js";
import { copyRows, idsIn, type Movable } from "./move.js";

const BATCH = 20;

const DIGEST = `md5(schedule::text || coalesce((
  select string_agg(occurrence::text, '' order by nominal_at) from occurrence
  where occurrence.schedule_id = schedule.schedule_id
), ''))`;

/** An occurrence is settled where its ingest is, so it waits until both have come. */
export const movableSchedules = (sdkAppIds: readonly number[]): Movable => ({
  async read(query) {
    const rows = await run(
      query,
      sql`select schedule_id as id, ${raw(DIGEST)} as digest from schedule
       where sdk_app_id = any(${sdkAppIds}::bigint[]) order by schedule_id limit ${raw(BATCH)}`,
    );
    return { ids: idsIn(rows), digests: rows.map((row) => String(row["digest"])) };
  },

  async write(route, { ids }) {
    await drop(route.to, ids);
    // Planning leaves it alone until it is let go.
    await copyRows(route, { table: "schedule", key: "schedule_id", ids, hold: { plan_at: null } });
    await copyRows(route, { table: "occurrence", key: "schedule_id", ids });
  },

  async remove(query, { ids, digests }) {
    // Planning locks a schedule before it writes occurrences. The next statement sees what it wrote.
    await run(query, sql`select from schedule where schedule_id = any(${ids}::text[]) for update`);
    const same = idsIn(
      await run(
        query,
        sql`select schedule_id as id from schedule
         join unnest(${ids}::text[], ${digests}::text[]) as moved (id, digest) on schedule_id = moved.id
         where ${raw(DIGEST)} = moved.digest`,
      ),
    );
    await drop(query, same);
    return same;
  },

  async settle(query, { ids, others }) {
    await planAgain(query, ids);
    await drop(query, others);
  },
});

async function drop(query: Query, ids: string[]): Promise<void> {
  await run(query, sql`delete from occurrence where schedule_id = any(${ids}::text[])`);
  await run(query, sql`delete from schedule where schedule_id = any(${ids}::text[])`);
}

/** Planning twice changes nothing. */
const planAgain = (query: Query, ids: string[]) =>
  run(
    query,
    sql`update schedule set plan_at = now()
     where schedule_id = any(${ids}::text[]) and state = 'Enabled' and plan_at is null`,
  );

/** Lets go of what a killed run has left held. */
export async function planHeld(
  { from, to }: { from: Query; to: Query },
  sdkAppIds: readonly number[],
): Promise<void> {
  const held = idsIn(
    await run(
      to,
      sql`select schedule_id as id from schedule
       where sdk_app_id = any(${sdkAppIds}::bigint[]) and state = 'Enabled' and plan_at is null`,
    ),
  );
  const still = new Set(
    idsIn(
      await run(
        from,
        sql`select schedule_id as id from schedule where schedule_id = any(${held}::text[])`,
      ),
    ),
  );
  await planAgain(
    to,
    held.filter((id) => !still.has(id)),
  );
}
