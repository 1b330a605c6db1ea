/** JSON that others send: read as an object, or not at all. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `undefined`: the text is no JSON, or its value is no object. Bytes must be UTF-8. */
export function parseObject(text: string | Uint8Array): Json | undefined {
  try {
    const decoded = typeof text === "string" ? withoutMark(text) : UTF8.decode(text);
    const value: unknown = JSON.parse(decoded);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The same text for equal values, whatever the order of their fields. */
export const sortedText = (value: unknown): string => JSON.stringify(value, sorted);

const sorted = (_key: string, value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Editors and .NET put a byte-order mark before a text. JSON has no place for it. */
export const withoutMark = (text: string): string => text.replace(/^\ufeff+/, "");

/** Drops one byte-order mark, and throws on bytes that are no UTF-8. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });
