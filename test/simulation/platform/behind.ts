/** What is behind the store: the model's tables, or a real database; and what a statement changed. */
import type { Database } from "../../../shared/store/engine/database.js";
import { ingestOf } from "../../../shared/store/ingests/ingest-row.js";
import type { Facts } from "../checks/facts.js";
import type { World } from "./world.js";
import { makeTables, type StoredIngest, type Tables } from "../model/tables.js";

export type Behind = { tables: Tables } | { database: Database };

const TABLES =
  "caller_place, caller_lane, ingest, call_slot, used_signature, unclaimed_task, room_audience, dead_letter";

/** Empty, whatever an earlier seed has left. */
export async function makeBehind(database: Database | undefined): Promise<Behind> {
  if (!database) return { tables: { ...makeTables(), changed: [] } };
  await database.query(`truncate ${TABLES}`);
  return { database };
}

/** Statements that leave every ingest as it is: the most, and reading all rows after each costs. */
const READS: ReadonlySet<string> = new Set([
  ...["findConflict", "nextClaimAt", "findIngest", "readIngest", "listIngests", "takeSlot"],
  ...[
    "claimUse",
    "findUse",
    "claimAgain",
    "releaseUse",
    "forgetSignatures",
    "callersWaiting",
    "forgetDead",
  ],
  ...["recordViewerEvent", "forgetAudience", "runningInRoom"],
  ...["keepUnclaimed", "dropUnclaimed", "countUnclaimed", "takeUnclaimed"],
  ...["endUnclaimed", "forgetUnclaimed"],
  ...["addDeadLetter", "resolveDeadLetters", "forgetResolved", "listDeadLetters", "isTokenSpent"],
]);

/** They give no rows back, whatever they change; any other that gives none has changed none. */
const SILENT: ReadonlySet<string> = new Set([
  ...["release", "clearLateStart"],
  ...["explainEnd", "checkSoon", "markSeen", "adoptUnclaimed"],
]);

const BURIES = "addDeadLetter";

const byTaskId = ([one]: [string, unknown], [other]: [string, unknown]) => (one < other ? -1 : 1);

/** Tells of each row that has changed since it was called last, and of each letter. */
export function lookAt(behind: Behind, facts: Facts): World["afterStatement"] {
  const seen = new Map<string, string>();
  const { deadLetters } = facts.known;
  const look = (row: StoredIngest) => {
    const text = JSON.stringify(row);
    if (seen.get(row.taskId) === text) return;
    seen.set(row.taskId, text);
    facts.rowSeen(row);
  };
  if ("tables" in behind) {
    const { tables } = behind;
    return (name) => {
      if (name === BURIES) for (const id of tables.deadLetters.keys()) deadLetters.add(id);
      const { changed = [] } = tables;
      if (changed.length === 0) return;
      tables.changed = [];
      // As a database's rows are read after a statement: each once, in one order.
      const last = new Map(changed.map((row) => [row.taskId, row]));
      for (const [, row] of [...last].sort(byTaskId)) look(row);
    };
  }
  return async (name, found) => {
    if (name === BURIES) {
      const rows = await behind.database.query("select id from dead_letter");
      for (const { id } of rows) deadLetters.add(String(id));
    }
    const isNothing = Array.isArray(found) && found.length === 0 && !SILENT.has(name);
    if (READS.has(name) || isNothing) return;
    for (const row of await behind.database.query("select * from ingest order by task_id")) {
      look(ingestOf(row) as StoredIngest);
    }
  };
}
