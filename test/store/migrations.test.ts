/** The previous code works after each migration, so a rollback of the functions needs no migration. */
import { describe, expect, test } from "@jest/globals";
import { type Migration, MIGRATIONS } from "../../shared/store/schema/migrations.js";
import { CODE_VERSION } from "../../shared/store/schema/version.js";
import { faultsOf } from "../support/database/expand-only.js";
import { NEXT, upTo } from "../support/database/migrations.js";

test("each migration only adds, or names what it contracts", () => {
  expect(faultsOf(MIGRATIONS)).toEqual([]);
  expect(CODE_VERSION).toBe(MIGRATIONS.length);
  expect(MIGRATIONS.at(-1)?.version).toBe(CODE_VERSION);
});

/** The current check on end_reason. */
const REASONS = "'stopped', 'expired', 'finished', 'failed', 'lost', 'empty'";

const widened = (check: string, name = "ingest_end_reason_check") =>
  `alter table ingest drop constraint ${name}, add constraint ${name} ${check};`;

const withSql = (sql: string) => faultsOf(upTo({ ...NEXT, sql }));

describe("a next migration may add", () => {
  test.each([
    NEXT.sql,
    "alter table ingest add column a text;",
    "alter table ingest add column a numeric(3, 1) not null default 1.5, add column b text;",
    "alter table ingest add column a text not null default 'x, not null' check (a in ('x', 'y'));",
    "alter table ingest add column a text check (a is not null or length(a) < 5);",
    "create table extra (a int primary key, b text not null unique check (b <> ''));",
    "create table extra (a int);\ncreate unique index extra_a on extra (a);\nalter table extra add check (a > 0);",
    "create index ingest_by_end on ingest (ended_at);",
    "alter table ingest set (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 90);",
    "alter table call_slot add column kind text check (kind in ('a'));",
    `alter table ingest drop constraint ingest_end_reason_check, add constraint ingest_end_reason_check check (end_reason in ('another', ${REASONS})) not valid;`,
    "create table extra (a int);\ncreate function f() returns trigger language plpgsql as $$\nbegin\n  insert into extra values (1);\n  return new;\nend\n$$;\ncreate trigger t after insert on ingest for each row execute function f();",
    "-- drop table ingest;\ncomment on table ingest is 'drop table ingest';",
  ])("%s", (sql) => {
    expect(withSql(sql)).toEqual([]);
  });
});

describe("while the previous code has to work, a next migration may not", () => {
  test.each([
    ["drop a table", "drop table used_signature;"],
    ["drop a column", "alter table ingest drop column robot_user_id;"],
    ["drop a column after adding one", "alter table ingest add column a int, drop column play;"],
    ["keep no WAL of a table", "alter table ingest set unlogged;"],
    ["move a table", "alter table ingest set schema other;"],
    ["rename a table", "alter table ingest rename to ingests;"],
    ["rename a column", "alter table ingest rename column play to source;"],
    ["retype a column", "alter table ingest alter column sdk_app_id type text;"],
    ["set not null", "alter table ingest alter column client_token set not null;"],
    ["drop a default", "alter table ingest alter column fence drop default;"],
    ["add a column that must be filled", "alter table ingest add column a int not null;"],
    [
      "hide that behind another's default",
      "alter table ingest add column a int not null, add column b int default 1;",
    ],
    [
      "hide that behind a check's word",
      "alter table ingest add column a text not null check (a <> 'default');",
    ],
    ["add a unique column", "alter table ingest add column a int unique;"],
    ["add a column that references", "alter table ingest add column a int references other (a);"],
    [
      "add a column whose check speaks of another",
      "alter table ingest add column a int check (a > 0 or state = 'ended');",
    ],
    ["add a check", "alter table ingest add check (room_id <> '');"],
    ["add a named check", "alter table ingest add constraint c check (room_id <> '');"],
    ["add a unique constraint", "alter table ingest add constraint u unique (room_id);"],
    ["add a unique index", "create unique index one_room on ingest (room_id);"],
    ["drop an index", "drop index ingest_due;"],
    ["change rows", "update ingest set room_id = upper(room_id);"],
    ["truncate", "truncate call_slot;"],
    ["run a block of code", "do $$ begin execute 'drop table ingest' end $$;"],
    ["add a trigger", "create trigger t before insert on ingest execute function f();"],
    [
      "change its tables in a function",
      "create function f() returns trigger language plpgsql as $$\nbegin\n  update ingest set play = '{}';\n  return new;\nend\n$$;",
    ],
    [
      "hide code in a function",
      "create function f() returns trigger language plpgsql as $$\nbegin\n  execute 'drop table ingest';\n  return new;\nend\n$$;",
    ],
    [
      "replace a function",
      "create or replace function f() returns int language sql as $$ select 1 $$;",
    ],
    ["hide it in a comment's end", "create table a (b int); -- \ndrop table ingest;"],
    ["drop a check", "alter table ingest drop constraint ingest_end_reason_check;"],
    ["narrow a check", widened("check (end_reason in ('stopped', 'empty')) not valid")],
    [
      "change a check into another",
      widened(`check (end_reason in (${REASONS}) or true) not valid`),
    ],
    ["read every row for a check", widened(`check (end_reason in (${REASONS}, 'x'))`)],
    ["put a check on another column", widened(`check (state in (${REASONS}, 'x')) not valid`)],
    [
      "put back another check than was dropped",
      `alter table ingest drop constraint ingest_state_check, add constraint ingest_end_reason_check check (end_reason in (${REASONS}, 'x')) not valid;`,
    ],
    [
      "drop something besides",
      widened(`check (end_reason in (${REASONS}, 'x')) not valid, drop column play`),
    ],
    ["widen a check that nobody knows", widened("check (a in ('x')) not valid", "ingest_a_check")],
    ["do it in capitals", "DROP TABLE ingest;"],
  ])("%s", (_, sql) => {
    expect(withSql(sql)).toHaveLength(1);
  });
});

describe("a contract step", () => {
  const away = "alter table ingest drop column note;";
  // NEXT adds the successor of what `contract` removes, with a release between them.
  const expand = NEXT.version;
  const between: Migration = {
    ...NEXT,
    version: expand + 1,
    name: "between",
    worksWith: expand,
    sql: "",
  };
  const version = expand + 2;
  const contract = (changes: Partial<Migration>): Migration => ({
    version,
    name: "contract",
    worksWith: expand + 1,
    contracts: expand,
    sql: away,
    ...changes,
  });

  test("comes a release after its expand step, and excludes the code that used the old part", () => {
    expect(faultsOf(upTo(NEXT, between, contract({})))).toEqual([]);
    expect(faultsOf(upTo(NEXT, between, contract({ worksWith: version })))).toEqual([]);
  });

  test.each<[string, Partial<Migration>, string]>([
    ["does not say what it contracts", { contracts: undefined as never }, `"${away.slice(0, -1)}"`],
    [
      "contracts what is not there",
      { contracts: version + 3 },
      `contracts ${version + 3}, which is no expand step`,
    ],
    ["contracts itself", { contracts: version }, `contracts ${version}, which is no expand step`],
    [
      "directly follows it",
      { contracts: expand + 1, worksWith: version },
      "directly follows the step",
    ],
    ["works with the code that uses it", { worksWith: expand }, "takes away what the code"],
    [
      "works with code of the future",
      { worksWith: version + 1 },
      "works with code that is not there yet",
    ],
  ])("is refused when it %s", (_, changes, fault) => {
    const faults = faultsOf(upTo(NEXT, between, contract(changes)));
    expect(faults).toEqual([expect.stringContaining(`${version} contract: ${fault}`)]);
  });
});

describe("a declaration is refused", () => {
  const { version } = NEXT;

  test("when it excludes the previous code without need", () => {
    expect(faultsOf(upTo({ ...NEXT, worksWith: version }))).toEqual([
      `${version} next: breaks the code before it, and names no step that it contracts`,
    ]);
  });

  test("when a number is missing or used twice", () => {
    expect(faultsOf(upTo({ ...NEXT, version: version + 1 }))).toEqual([
      `${version + 1} next: is not number ${version}`,
    ]);
    expect(faultsOf(upTo({ ...NEXT, version: 1, worksWith: 1 }))).toEqual([
      `1 next: is not number ${version}`,
    ]);
  });
});
