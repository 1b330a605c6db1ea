/**
 * The fields of a form or a query, where every value is text. Each becomes the type that its schema
 * names, and `UserIds.0=a` becomes an entry of a list. A text that does not convert stays a text,
 * so that the schema refuses it.
 */
import type { TObject } from "@sinclair/typebox";

const ENTRY = /^([A-Za-z][A-Za-z0-9]*)\.(\d{1,4})$/;

export function fieldsOf(
  parameters: Readonly<Record<string, string>>,
  schema: TObject,
  { hasEmptyFlags = false }: { hasEmptyFlags?: boolean } = {},
): Record<string, unknown> {
  const fields: [string, unknown][] = [];
  const lists = new Map<string, [index: number, text: string][]>();
  for (const [name, text] of Object.entries(parameters)) {
    // In a GET the SDKs send an unset field as an empty text. PHP signs `false` as an empty text.
    if (text === "" && !(hasEmptyFlags && typeOf(schema, name) === "boolean")) continue;
    const [, list, index] = ENTRY.exec(name) ?? [];
    if (list === undefined) fields.push([name, convert(text, typeOf(schema, name))]);
    else lists.set(list, [...(lists.get(list) ?? []), [Number(index), text]]);
  }
  for (const [name, entries] of lists) {
    entries.sort(([one], [other]) => one - other);
    fields.push([name, entries.map(([, text]) => text)]);
  }
  return Object.fromEntries(fields);
}

function typeOf({ properties }: TObject, name: string): unknown {
  return Object.hasOwn(properties, name) ? properties[name]?.["type"] : undefined;
}

function convert(text: string, type: unknown): unknown {
  if (type === "integer" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === "number" && /^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|1)$/i.test(text)) return true;
  if (type === "boolean" && /^(false|0|)$/i.test(text)) return false;
  return text;
}
