/**
 * Moves rows from one database to another, batch by batch, while functions and timers work on both.
 *
 * Each row has one database that acts on it. A batch is first written to its new database, held: no
 * timer starts or switches what is held, but one that ends ingests at their deadlines does. Then it is
 * deleted where it was, unless it has changed since. Then it is let go. So a run that is killed leaves
 * nothing without a timer for its deadline, and the next run goes on.
 */
import type { Database, Query } from "../engine/database.js";
import { raw, run, sql } from "../engine/sql.js";

/** The two databases of a move. */
export interface Route {
  from: Database;
  to: Database;
}

export interface Batch {
  ids: string[];
  /** Of each id: what the row was. One that has changed since is not deleted. */
  digests: string[];
}

/** What a kind of rows does in the three steps. Each step is one transaction of one database. */
export interface Movable {
  /** The next rows that can move; none: what is left has to wait. */
  read: (query: Query) => Promise<Batch>;
  /** Writes the rows, held, in place of what a killed run has left of them. */
  write: (route: { from: Query; to: Query }, batch: Batch) => Promise<void>;
  /** Returns the ids that were deleted. */
  remove: (query: Query, batch: Batch) => Promise<string[]>;
  /** Lets go of the rows that were deleted where they came from, and drops the others. */
  settle: (query: Query, moved: { ids: string[]; others: string[] }) => Promise<void>;
}

/** Moves what can move now. `onMoved`: how many rows each batch had. */
export async function moveRows(
  { from, to }: Route,
  kind: Movable,
  onMoved: (count: number) => void,
): Promise<void> {
  for (;;) {
    const batch = await kind.read(from.query);
    if (batch.ids.length === 0) return;
    await to.transaction((query) => kind.write({ from: from.query, to: query }, batch));
    const ids = await from.transaction((query) => kind.remove(query, batch));
    const others = batch.ids.filter((id) => !ids.includes(id));
    await to.transaction((query) => kind.settle(query, { ids, others }));
    onMoved(ids.length);
    // Every row of the batch has changed meanwhile. The next run of the command takes them.
    if (ids.length === 0) return;
  }
}

/** The columns that can be written, as a list. Both databases are at one version. */
export async function columnsOf(query: Query, table: string): Promise<string> {
  const rows = await run(
    query,
    sql`select attname from pg_attribute
     where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
     order by attnum`,
  );
  return rows.map((row) => String(row["attname"])).join(", ");
}

/** Copies rows of a table as they are. `hold`: what the copy has instead. */
export async function copyRows(
  { from, to }: { from: Query; to: Query },
  { table, key, ids, hold = {} }: { table: string; key: string; ids: string[]; hold?: object },
): Promise<void> {
  const rows = await run(
    from,
    sql`select to_jsonb(moved)::text as row from ${raw(table)} as moved where ${raw(key)} = any(${ids}::text[])`,
  );
  const columns = await columnsOf(to, table);
  await run(
    to,
    sql`insert into ${raw(table)} (${raw(columns)})
     select ${raw(columns)} from unnest(${rows.map((row) => String(row["row"]))}::text[]) as sent (row)
     cross join lateral jsonb_populate_record(null::${raw(table)}, sent.row::jsonb || ${JSON.stringify(hold)}::jsonb)`,
  );
}

export const idsIn = (rows: readonly Readonly<Record<string, unknown>>[]): string[] =>
  rows.map((row) => String(row["id"]));
