/** Reading what the platforms send: lenient to what is not used, strict in what is. */
import { isObject, type Json } from "../../json.js";

/** What stands there, if it is an object, and else an empty one. */
export const within = (value: unknown, ...names: readonly string[]): Json => {
  let inner: unknown = value;
  for (const name of names) {
    inner = isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : {};
  }
  return isObject(inner) ? inner : {};
};

/** A name of something: short, on one line, and not empty. */
export const nameOf = (value: unknown, max = 256): string | undefined =>
  typeof value === "string" && value.length <= max && /^[^\p{Cc}\p{Surrogate}]+$/u.test(value)
    ? value
    : undefined;

/** A count that came as a number, or as its digits. */
export function countOf(value: unknown): number | undefined {
  const isDigits = typeof value === "string" && /^\d{1,15}$/.test(value);
  const count = isDigits ? Number(value) : value;
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/** The records of an event that is a list of them. */
export const recordsOf = (event: Json): readonly unknown[] =>
  Array.isArray(event["Records"]) ? event["Records"] : [];

/** Names go into a host, so they are what the clouds let a bucket and a region be called. */
export const bucketOf = (value: unknown): string | undefined =>
  typeof value === "string" && /^[a-z0-9][a-z0-9.-]{1,62}$/.test(value) ? value : undefined;

export const regionOf = (value: unknown): string | undefined =>
  typeof value === "string" && /^[a-z]{2,}(-[a-z0-9]+)+$/.test(value) && value.length <= 32
    ? value
    : undefined;

/** The clouds take up to 1,024 bytes (COS: 850). */
export const keyOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && Buffer.byteLength(value) <= 1024 ? value : undefined;

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;
