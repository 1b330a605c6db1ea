/** Later versions of the tables, made for tests. */
import { type Migration, MIGRATIONS } from "../../../shared/store/schema/migrations.js";
import { CODE_VERSION } from "../../../shared/store/schema/version.js";

/** A typical next release: columns with defaults, a table, an index. */
export const NEXT: Migration = {
  version: CODE_VERSION + 1,
  name: "next",
  worksWith: CODE_VERSION,
  sql: `
alter table ingest add column note text, add column priority smallint not null default 0;
create table ingest_note (task_id text not null, note text not null);
create index ingest_priority on ingest (priority);
`,
};

/** The same, but this checkout's code cannot work on it. */
export const NEXT_WITHOUT_US: Migration = { ...NEXT, worksWith: NEXT.version };

export const upTo = (...further: Migration[]): readonly Migration[] => [...MIGRATIONS, ...further];
