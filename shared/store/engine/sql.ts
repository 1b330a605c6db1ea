/**
 * SQL with its values beside their places: sql`select … where task_id = ${taskId}`. A value becomes
 * a parameter, and a fragment that is made by `sql` brings its own values along. Parameters are
 * numbered when the whole statement is sent, so no fragment knows its numbers.
 */
import type { Planning, Query, Row } from "./database.js";

/** Stands for the store's actor, which the store puts in its place (history/actor.ts). */
export const ACTOR = Symbol("actor");

export type Value =
  string | number | boolean | Date | null | typeof ACTOR | readonly (string | number)[];

class Parameter {
  constructor(readonly value: Value) {}
}

export class Sql {
  constructor(
    /** The text before, between and after the parts. */
    readonly texts: readonly string[],
    readonly parts: readonly (Sql | Parameter)[],
  ) {}
}

export function sql(texts: TemplateStringsArray, ...inserted: readonly (Sql | Value)[]): Sql {
  return fragmentOf(
    texts,
    inserted.map((part) => (part instanceof Sql ? part : new Parameter(part))),
  );
}

/** For a value that stands at several places of a statement: it has one number at all of them. */
export const bind = (value: Value): Sql => new Sql(["", ""], [new Parameter(value)]);

/** A constant of this project, as text. Never a value from a request. */
export const raw = (text: string | number): Sql => new Sql([String(text)], []);

export const NOTHING = raw("");

export const joined = (fragments: readonly Sql[], separator: string): Sql =>
  fragmentOf(["", ...fragments.slice(1).map(() => separator), ""], fragments);

/** Sends a statement. */
export function run(query: Query, statement: Sql, planning?: Planning): Promise<Row[]> {
  const sent: Parameter[] = [];
  const text = textOf(statement, sent);
  return query(
    text,
    sent.map(({ value }) => value),
    planning,
  );
}

/** A fragment without parameters becomes one text at once; most of them are made only once. */
function fragmentOf(texts: readonly string[], parts: readonly (Sql | Parameter)[]): Sql {
  const isConstant = parts.every((part) => part instanceof Sql && part.parts.length === 0);
  const fragment = new Sql(texts, parts);
  return isConstant && parts.length > 0 ? raw(textOf(fragment, [])) : fragment;
}

/** Adds the parameters to `sent`. A parameter at several places has one number. */
function textOf({ texts, parts }: Sql, sent: Parameter[]): string {
  let text = texts[0] ?? "";
  let index = 0;
  for (const part of parts) {
    index += 1;
    text += part instanceof Sql ? textOf(part, sent) : `$${numberOf(part, sent)}`;
    text += texts[index] ?? "";
  }
  return text;
}

function numberOf(parameter: Parameter, sent: Parameter[]): number {
  const index = sent.indexOf(parameter);
  return index < 0 ? sent.push(parameter) : index + 1;
}
