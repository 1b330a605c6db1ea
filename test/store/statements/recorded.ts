/** What the store sends to a database, operation by operation. */
import type { Database, Query, Row } from "../../../shared/store/engine/database.js";
import { OVERLAPPING, ROLLING, samplesOf } from "./samples.js";

export interface Recorded {
  name: string;
  text: string;
  values: readonly unknown[];
  /** The stack below the driver, which says where the store sent it. */
  stack: string;
}

const NEVER_MIGRATED = { version: 0, works_with: 0 };

/** Answers what another statement of the same operation depends on. */
function rowsOf(text: string): Row[] {
  if (text.includes("schema_migration as applied")) return [NEVER_MIGRATED];
  if (text.includes("select attname")) return [{ attname: "task_id" }, { attname: "created_by" }];
  return text.includes("where task_id in ($1, $2)") ? [...ROLLING, ...OVERLAPPING] : [];
}

/** Each statement once, under the first operation that sends it. The database has no rows. */
export async function recordedStatements(): Promise<Recorded[]> {
  const recorded = new Map<string, Recorded>();
  let name = "";
  const query: Query = (text, values = []) => {
    const { stack = "" } = new Error();
    if (!recorded.has(text)) recorded.set(text, { name, text, values, stack });
    return Promise.resolve(rowsOf(text));
  };
  const database: Database = {
    query,
    transaction: (work) => work(query),
    close: () => Promise.resolve(),
  };
  for (const [operation, sample] of Object.entries(samplesOf(database))) {
    name = operation;
    await sample();
  }
  return [...recorded.values()];
}
