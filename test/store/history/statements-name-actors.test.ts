/** A statement cannot change an ingest without saying who does. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Database } from "../../../shared/store/engine/database.js";
import { openTestPostgres } from "../../support/database/databases.js";
import { recordedStatements } from "../statements/recorded.js";

let database: Database;
beforeAll(async () => {
  database = await openTestPostgres();
});
afterAll(() => database.close());

test("every statement that changes a watched column names its actor, and no other does", async () => {
  const watched = await watchedColumns();
  expect(watched.length).toBeGreaterThan(15);
  const statements = (await recordedStatements()).map(({ text }) => text);
  const updates = statements.flatMap((text) => changesIn(text));
  const inserts = statements.filter((text) => /\binsert into ingest\s*\(/.test(text));
  expect(updates.length).toBeGreaterThan(30);
  expect(inserts.length).toBeGreaterThan(2);
  const changes = (set: string) => watched.some((column) => assigns(set, column));
  const faults = updates.filter((set) => changes(set) !== assigns(set, "changed_by"));
  expect(faults).toEqual([]);
  expect(inserts.filter((text) => !/\binsert into ingest\s*\([^)]*created_by/.test(text))).toEqual(
    [],
  );
});

async function watchedColumns(): Promise<string[]> {
  const rows = await database.query(
    `select event_object_column as name from information_schema.triggered_update_columns
     where trigger_name = 'ingest_changed' and event_object_column <> 'changed_by'`,
  );
  return rows.map(({ name }) => String(name));
}

/** What each update of `ingest` in a statement sets. */
const changesIn = (statement: string): string[] =>
  [...statement.matchAll(/\bupdate ingest\s+set\b([^]*?)(?=\b(?:returning|update)\b|$)/g)].map(
    ([, set = ""]) => set,
  );

const assigns = (set: string, column: string): boolean =>
  new RegExp(`(^|[\\s,])${column} = (?!any)`).test(assignmentsOf(set));

/** Without parts in brackets, and up to the condition. */
function assignmentsOf(set: string): string {
  let text = set;
  for (let inner = text; ; inner = text) {
    text = inner.replace(/\([^()]*\)/g, "");
    if (text === inner) break;
  }
  return text.replace(/\bcase\b[^]*?\bend\b/g, "").split(/\b(?:where|from)\b/)[0] ?? "";
}
