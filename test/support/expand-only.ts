/**
 * What a migration may do so that the code before it goes on working: add what that code does not
 * see. A list of what is allowed, not of what is forbidden: whatever is not on it is refused.
 */
import type { Migration } from "../../shared/store/migrations/index.js";
import { statementsOf } from "../../shared/store/migrate.js";

/** In words, one for each thing that is wrong with these migrations. */
export const faultsOf = (migrations: readonly Migration[]): string[] =>
  migrations.flatMap((migration, index) => {
    const { version, name } = migration;
    const say = (fault: string) => `${version} ${name}: ${fault}`;
    const faults = declarationFaults(migration, { migrations, index });
    if (migration.contracts === undefined) faults.push(...textFaults(migration.sql));
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

function textFaults(sql: string): string[] {
  const text = sql.replace(/--.*$/gm, "").toLowerCase();
  const statements = statementsOf(text).map((each) => each.replace(/\s+/g, " "));
  const created = new Set(
    statements.flatMap((each) => /^create table (?:if not exists )?(\w+)/.exec(each)?.[1] ?? []),
  );
  return statements.filter((each) => !isExpanding(each, created)).map((each) => `"${each}"`);
}

function isExpanding(statement: string, created: ReadonlySet<string>): boolean {
  if (/^(create table|comment on) /.test(statement)) return true;
  const index = /^create (unique )?index (?:if not exists )?\w+ on (\w+) /.exec(statement);
  if (index) return index[1] === undefined || created.has(index[2] ?? "");
  const alter = /^alter table (?:if exists |only )*(\w+) (.+)$/.exec(statement);
  if (!alter) return false;
  if (created.has(alter[1] ?? "")) return true;
  return actionsOf(alter[2] ?? "").every(isHarmlessColumn);
}

/** `add column a int, add column b numeric(3, 1)`: at the commas outside of brackets and quotes. */
function actionsOf(text: string): string[] {
  const outside = text.replace(/'[^']*'|\((?:[^()]|\([^()]*\))*\)/g, (inner) =>
    inner.replaceAll(",", "\u0000"),
  );
  return outside.split(",").map((action) => action.replaceAll("\u0000", ",").trim());
}

/** The code before it names its columns, so a new one is what it does not see, if it may stay empty. */
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

/** A check of the new column alone holds for every row of the code that leaves it as it is. */
const WORDS = /^(in|is|not|null|and|or|between|like|length|true|false|\d+)$/;
const speaksOnlyOf = (column: string, check: string): boolean =>
  (check.match(/\w+/g) ?? []).every((word) => word === column || WORDS.test(word));
