/** The data behind the store: the model's tables, or a real database. Reports changed rows. */
import type { Database } from "../../../shared/store/engine/database.js";
import { ingestOf } from "../../../shared/store/ingests/ingest-row.js";
import type { Facts } from "../checks/facts.js";
import type { World } from "./world.js";
import { makeTables, type StoredIngest, type Tables } from "../model/tables.js";

export type Behind = { tables: Tables } | { database: Database };

const TABLES =
  "caller_place, caller_lane, spend_day, budget_turn, budget_notice, budget_standing, trtc_call, ingest, ingest_event, call_slot, used_signature, unclaimed_task, room_audience, dead_letter";

/** Returns empty tables; an earlier seed may have left rows. */
export async function makeBehind(database: Database | undefined): Promise<Behind> {
  if (!database) return { tables: { ...makeTables(), changed: [] } };
  await database.query(`truncate ${TABLES}`);
  return { database };
}

/** Statements that change no ingest. Reading all rows after each of them would take too long. */
const READS: ReadonlySet<string> = new Set([
  ...[
    "ingests.findConflict",
    "ingests.nextClaimAt",
    "ingests.find",
    "ingests.read",
    "ingests.list",
    "slots.take",
    "scheduled.nextClaimAt",
    "programmes.nextClaimAt",
    "scheduled.listMissed",
    "budgets.overBudget",
    "budgets.run",
  ],
  ...[
    "signatures.claim",
    "signatures.findUse",
    "signatures.claimAgain",
    "signatures.release",
    "signatures.forget",
    "outbox.callersWaiting",
    "outbox.forgetDead",
  ],
  ...["audience.recordViewerEvent", "audience.forget", "roomEvents.runningInRoom"],
  ...["unclaimedTasks.keep", "unclaimedTasks.drop", "unclaimedTasks.count", "unclaimedTasks.take"],
  ...["unclaimedTasks.end", "unclaimedTasks.forget"],
  ...[
    "deadLetters.add",
    "deadLetters.resolve",
    "deadLetters.forgetResolved",
    "deadLetters.list",
    "deadLetters.isTokenSpent",
  ],
]);

/** Statements that return no rows. Any other statement without rows has changed none. */
const SILENT: ReadonlySet<string> = new Set([
  ...["ingests.release", "ingests.clearLateStart", "scheduled.postpone", "scheduled.release"],
  ...[
    "roomEvents.explainEnd",
    "roomEvents.checkSoon",
    "roomEvents.markSeen",
    "unclaimedTasks.adopt",
  ],
]);

const ADDS_DEAD_LETTER = "deadLetters.add";

const byTaskId = ([one]: [string, unknown], [other]: [string, unknown]) => (one < other ? -1 : 1);

/** Most columns are the very same value, so few of them become text. */
function isSameRow(one: StoredIngest, other: StoredIngest): boolean {
  for (const name of Object.keys(other) as (keyof StoredIngest)[]) {
    const [before, after] = [one[name], other[name]];
    if (before !== after && JSON.stringify(before) !== JSON.stringify(after)) return false;
  }
  return true;
}

/** Reports each row that has changed since the last call, and each dead letter. */
export function lookAt(behind: Behind, facts: Facts): World["afterStatement"] {
  const { deadLetters, rows } = facts.known;
  const look = (read: readonly StoredIngest[]) => {
    const hasChanged = (row: StoredIngest) => {
      const seen = rows.get(row.taskId);
      return !seen || !isSameRow(seen, row);
    };
    facts.rowsSeen(read.filter(hasChanged));
  };
  if ("tables" in behind) {
    const { tables } = behind;
    return (name) => {
      if (name === ADDS_DEAD_LETTER)
        for (const id of tables.deadLetters.keys()) deadLetters.add(id);
      const { changed = [] } = tables;
      if (changed.length === 0) return;
      tables.changed = [];
      // The same order as the database's rows after a statement, each row once.
      const last = new Map(changed.map((row) => [row.taskId, row]));
      look([...last].sort(byTaskId).map(([, row]) => row));
    };
  }
  return async (name, result) => {
    if (name === ADDS_DEAD_LETTER) {
      const rows = await behind.database.query("select id from dead_letter");
      for (const { id } of rows) deadLetters.add(String(id));
    }
    const isNothing = Array.isArray(result) && result.length === 0 && !SILENT.has(name);
    if (READS.has(name) || isNothing) return;
    const read = await behind.database.query("select * from ingest order by task_id");
    look(read.map((row) => ingestOf(row) as StoredIngest));
  };
}
