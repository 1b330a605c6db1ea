/**
 * The changes that a migration may make while the previous code keeps working: additions that this
 * code does not see. The list names what is allowed, and everything else is refused.
 */
import type { Migration } from "../../../shared/store/schema/migrations.js";
import { statementsOf } from "../../../shared/store/schema/migrate.js";

/** One sentence for each fault of these migrations. */
export const faultsOf = (migrations: readonly Migration[]): string[] =>
  migrations.flatMap((migration, index) => {
    const { version, name } = migration;
    const say = (fault: string) => `${version} ${name}: ${fault}`;
    const faults = declarationFaults(migration, { migrations, index });
    const before = migrations.slice(0, index).map(({ sql }) => sql);
    if (migration.contracts === undefined) faults.push(...textFaults(migration.sql, before));
    return faults.map(say);
  });

function declarationFaults(
  { version, worksWith, contracts }: Migration,
  { migrations, index }: { migrations: readonly Migration[]; index: number },
): string[] {
  const faults: string[] = [];
  const expected = (migrations[index - 1]?.version ?? 0) + 1;
  if (version !== expected) faults.push(`is not number ${expected}`);
  if (worksWith > version) faults.push("works with code that is not there yet");
  if (contracts === undefined) {
    if (version > 1 && worksWith >= version) {
      faults.push("breaks the code before it, and names no step that it contracts");
    }
    return faults;
  }
  const expand = migrations.find((each) => each.version === contracts);
  if (expand === undefined || contracts >= version || expand.contracts !== undefined) {
    faults.push(`contracts ${contracts}, which is no expand step before it`);
  } else if (contracts === version - 1) {
    faults.push("directly follows the step that it contracts, whose code may be running");
  } else if (worksWith <= contracts) {
    // The code of the expand step writes both the old and the new.
    faults.push("takes away what the code of its expand step uses");
  }
  return faults;
}

/** Each statement on one line, in small letters, without comments. */
const statementsIn = (sql: string): string[] =>
  statementsOf(sql.replace(/--.*$/gm, "").toLowerCase()).map((each) => each.replace(/\s+/g, " "));

function textFaults(sql: string, before: readonly string[]): string[] {
  const statements = statementsIn(sql);
  const known = valuesOfChecks(before.flatMap(statementsIn));
  const created = new Set(
    statements.flatMap((each) => /^create table (?:if not exists )?(\w+)/.exec(each)?.[1] ?? []),
  );
  const functions = new Set(
    statements.flatMap((each) =>
      isOwnFunction(each, created) ? (/^create function (\w+)/.exec(each)?.[1] ?? []) : [],
    ),
  );
  return statements
    .filter(
      (each) =>
        !isExpanding(each, created) &&
        !isWidening(each, known) &&
        !isOwnFunction(each, created) &&
        !isOwnTrigger(each, functions),
    )
    .map((each) => `"${each}"`);
}

/** The values of each check `column in (…)`, by the name that PostgreSQL gives it. */
function valuesOfChecks(statements: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const checks = new Map<string, readonly string[]>();
  for (const statement of statements) {
    const table = /^(?:create|alter) table (?:if (?:not )?exists |only )*(\w+)/.exec(
      statement,
    )?.[1];
    for (const [, column, list] of statement.matchAll(/\bcheck ?\((\w+) in \(([^()]*)\)\)/g)) {
      checks.set(`${table ?? ""}_${column ?? ""}_check`, valuesIn(list ?? ""));
    }
  }
  return checks;
}

const valuesIn = (list: string): string[] =>
  [...list.matchAll(/'((?:[^']|'')*)'/g)].map((each) => each[1] ?? "");

const WIDENED =
  /^alter table (\w+) drop constraint (\w+), add constraint (\w+) check \((\w+) in \(((?:'[^']*'(?:, )?)+)\)\) not valid$/;

/**
 * One statement drops a column's check and adds it again, with all former values and more. `not
 * valid`: existing rows fit, so they need not be read.
 */
function isWidening(statement: string, known: ReadonlyMap<string, readonly string[]>): boolean {
  const [, table, dropped, added, column, list = ""] = WIDENED.exec(statement) ?? [];
  const before = known.get(dropped ?? "");
  if (!before || dropped !== added || added !== `${table ?? ""}_${column ?? ""}_check`)
    return false;
  const after = valuesIn(list);
  return before.every((value) => after.includes(value));
}

/** A new function that writes only tables of its own migration. */
function isOwnFunction(statement: string, created: ReadonlySet<string>): boolean {
  if (!statement.startsWith("create function ")) return false;
  if (/\b(execute|drop|truncate|alter)\b/.test(statement)) return false;
  // A lock, as in `for update skip locked`, writes nothing. `on conflict … do update` changes the
  // table of its insert.
  const writes = statement.replace(/\b(for (no key )?|do )update\b/g, "");
  const written = writes.matchAll(/\b(?:insert into|update|delete from) (\w+)/g);
  return [...written].every(([, table = ""]) => created.has(table));
}

/** A trigger that calls such a function. The previous code does not see what it writes. */
function isOwnTrigger(statement: string, functions: ReadonlySet<string>): boolean {
  const [, called = ""] = /^create trigger .* execute function (\w+)\(\)$/.exec(statement) ?? [];
  return functions.has(called);
}

function isExpanding(statement: string, created: ReadonlySet<string>): boolean {
  if (/^(create table|comment on) /.test(statement)) return true;
  const index = /^create (unique )?index (?:if not exists )?\w+ on (\w+) /.exec(statement);
  if (index) return index[1] === undefined || created.has(index[2] ?? "");
  const alter = /^alter table (?:if exists |only )*(\w+) (.+)$/.exec(statement);
  if (!alter) return false;
  if (created.has(alter[1] ?? "")) return true;
  // How the table is kept: no code sees it.
  if (/^set \((?:(?:autovacuum_\w+|fillfactor) = [\d.]+(?:, )?)+\)$/.test(alter[2] ?? ""))
    return true;
  return actionsOf(alter[2] ?? "").every(isHarmlessColumn);
}

/** Splits `add column a int, add column b numeric(3, 1)` at commas outside brackets and quotes. */
function actionsOf(text: string): string[] {
  const outside = text.replace(/'[^']*'|\((?:[^()]|\([^()]*\))*\)/g, (inner) =>
    inner.replaceAll(",", "\u0000"),
  );
  return outside.split(",").map((action) => action.replaceAll("\u0000", ",").trim());
}

/** The previous code names its columns, so it does not see a new column that may stay empty. */
function isHarmlessColumn(action: string): boolean {
  const column = /^add column (?:if not exists )?(\w+) (.+)$/.exec(action);
  if (!column) return false;
  const [, name = "", definition = ""] = column;
  const plain = definition.replace(/'[^']*'/g, "''");
  if (/\b(unique|primary key|references|exclude)\b/.test(plain)) return false;
  if (/\bnot null\b/.test(withoutChecks(plain)) && !/\bdefault\b/.test(withoutChecks(plain))) {
    return false;
  }
  return checksOf(plain).every((check) => speaksOnlyOf(name, check));
}

const CHECK = /\bcheck ?\(((?:[^()]|\([^()]*\))*)\)/g;
const checksOf = (text: string): string[] => [...text.matchAll(CHECK)].map((each) => each[1] ?? "");
const withoutChecks = (text: string): string => text.replace(CHECK, "");

/** A check of the new column alone holds for every row where the previous code leaves it empty. */
const WORDS = /^(in|is|not|null|and|or|between|like|length|true|false|\d+)$/;
const speaksOnlyOf = (column: string, check: string): boolean =>
  (check.match(/\w+/g) ?? []).every((word) => word === column || WORDS.test(word));
