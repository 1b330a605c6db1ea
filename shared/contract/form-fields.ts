/**
 * The fields of a form or a query. It has only text, and it is flat: the SDKs send the first item's
 * URL as `Playlist.0.StreamUrl`.
 */
import type { TSchema } from "@sinclair/typebox";
import { ApiError } from "./errors.js";

interface Form {
  schema: TSchema | undefined;
  /** Under the older signature, PHP sends `false` as an empty text. */
  isV1: boolean;
}

type Pair = readonly [name: string, text: string];

/** Each text becomes a value of its field's type. A text that does not fit stays as it is. */
export function fieldsOfForm(pairs: readonly Pair[], form: Form): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  const nested = new Map<string, Pair[]>();
  for (const [name, text] of pairs) {
    const dot = name.indexOf(".");
    const field = dot < 0 ? name : name.slice(0, dot);
    const type = typeOf(propertyOf(form.schema, field));
    if (dot >= 0 && (type === "array" || type === "object")) {
      const inner: Pair = [name.slice(dot + 1), text];
      nested.set(field, [...(nested.get(field) ?? []), inner]);
    } else if (text !== "" || (form.isV1 && type === "boolean")) {
      // In a GET, the SDKs send an unset field as an empty one.
      fields.set(name, readText(text, type));
    }
  }
  for (const [field, inner] of nested) {
    const schema = propertyOf(form.schema, field);
    const value =
      typeOf(schema) === "array"
        ? itemsOf(field, inner, { ...form, schema: schema?.["items"] as TSchema | undefined })
        : fieldsOfForm(inner, { ...form, schema });
    fields.set(field, value);
  }
  return Object.fromEntries(fields);
}

function itemsOf(field: string, pairs: readonly Pair[], form: Form): unknown[] {
  if (form.schema?.["properties"] === undefined) return textsOf(field, pairs, form);
  const items = new Map<number, Pair[]>();
  for (const [name, text] of pairs) {
    const [, index, rest] = /^(0|[1-9]\d{0,3})\.(.+)$/.exec(name) ?? [];
    if (index === undefined || rest === undefined) throw notCounted(field, form);
    const at = Number(index);
    items.set(at, [...(items.get(at) ?? []), [rest, text]]);
  }
  return Array.from({ length: items.size }, (_, at) => {
    const item = items.get(at);
    if (!item) throw notCounted(field, form);
    return fieldsOfForm(item, form);
  });
}

/** A list of texts: `ExcludeDates.0`. An empty text is an item that is not set. */
function textsOf(field: string, pairs: readonly Pair[], form: Form): unknown[] {
  const items = new Map<string, string>(pairs.filter(([, text]) => text !== ""));
  return Array.from({ length: items.size }, (_, at) => {
    const text = items.get(String(at));
    if (text === undefined) throw notCounted(field, form);
    return readText(text, typeOf(form.schema));
  });
}

/** The example has the first field of an item. */
function notCounted(field: string, { schema }: Form): ApiError {
  const [inner] = Object.keys((schema?.["properties"] ?? {}) as object);
  const example = inner === undefined ? `${field}.0` : `${field}.0.${inner}`;
  return new ApiError(
    "InvalidParameterValue",
    `${field} has an item without its number: count the items from 0, as in ${example}.`,
  );
}

const propertyOf = (schema: TSchema | undefined, name: string): TSchema | undefined => {
  const properties = schema?.["properties"] as Record<string, TSchema> | undefined;
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
};

const typeOf = (schema: TSchema | undefined): unknown => schema?.["type"];

function readText(text: string, type: unknown): unknown {
  if (type === "boolean" && /^(true|1)$/i.test(text)) return true;
  if (type === "boolean" && /^(false|0|)$/i.test(text)) return false;
  if (type !== "integer" && type !== "number") return text;
  const value = Number(text);
  const isExact = Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  return isExact && /^-?\d{1,16}(\.\d{1,6})?$/.test(text) ? value : text;
}
