/**
 * Reads the platforms' fields. It is strict about the fields in use, and lenient about the rest.
 */
import { isObject, type Json } from "../../json.js";

/** Returns the object at this path, or an empty object. */
export const within = (value: unknown, ...names: readonly string[]): Json => {
  let inner: unknown = value;
  for (const name of names) {
    inner = isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : {};
  }
  return isObject(inner) ? inner : {};
};

/** A name: short, on one line and not empty. */
export const nameOf = (value: unknown, max = 256): string | undefined =>
  typeof value === "string" && value.length <= max && /^[^\p{Cc}\p{Surrogate}]+$/u.test(value)
    ? value
    : undefined;

/** A count, sent as a number or as digits. */
export function countOf(value: unknown): number | undefined {
  const isDigits = typeof value === "string" && /^\d{1,15}$/.test(value);
  const count = isDigits ? Number(value) : value;
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/** The records of an event with a list of records. */
export const recordsOf = (event: Json): readonly unknown[] =>
  Array.isArray(event["Records"]) ? event["Records"] : [];

/** These names become part of a host. We accept only the names that the clouds allow. */
export const bucketOf = (value: unknown): string | undefined =>
  typeof value === "string" && /^[a-z0-9][a-z0-9.-]{1,62}$/.test(value) ? value : undefined;

export const regionOf = (value: unknown): string | undefined =>
  typeof value === "string" && /^[a-z]{2,}(-[a-z0-9]+)+$/.test(value) && value.length <= 32
    ? value
    : undefined;

/** The clouds allow up to 1,024 bytes (COS: 850). */
export const keyOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && Buffer.byteLength(value) <= 1024 ? value : undefined;

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;
