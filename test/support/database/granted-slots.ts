/**
 * Checks TRTC's rate by the slots that the database granted. The arrival of a call would depend on
 * the machine.
 */
import type { readTruth } from "../../../local/emulator-truth.js";
import type { Database } from "../../../shared/store/engine/database.js";

/** Records each slot from now on, in milliseconds and in order. */
export async function recordSlots(
  database: Database,
): Promise<(action: string) => Promise<number[]>> {
  await database.query("create table granted (action text not null, at timestamptz not null)");
  await database.query(`
    create function write_granted() returns trigger language plpgsql as $$
    begin
      -- A caller whose turn it is not is told when to come again, and has no slot by that.
      if new.is_granted then
        insert into granted values (new.action, new.recent[cardinality(new.recent)]);
      end if;
      return null;
    end $$`);
  await database.query(`
    create trigger granted after insert or update on call_slot
    for each row execute function write_granted()`);
  return async (action) => {
    const rows = await database.query(
      "select extract(epoch from at) * 1000 as ms from granted where action = $1 order by at",
      [action],
    );
    return rows.map((row) => Number(row["ms"]));
  };
}

/**
 * The largest number within any span of this length. Two slots exactly that far apart share no
 * span.
 */
export const mostWithin = (timesMs: readonly number[], spanMs: number): number =>
  Math.max(
    0,
    ...timesMs.map((fromMs) => timesMs.filter((ms) => ms >= fromMs && ms < fromMs + spanMs).length),
  );

/** The calls of an action that TRTC has counted. */
export async function callsOf(truth: () => ReturnType<typeof readTruth>, action: string) {
  const counts = (await truth().calls()).find((each) => each.action === action);
  return { calls: counts?.calls ?? 0, throttled: counts?.throttled ?? 0 };
}
