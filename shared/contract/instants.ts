/** Instants as callers send them: ISO 8601 with an offset, checked for form by the schema. */
import { ApiError } from "./errors.js";

/** A day that does not exist, such as 30 February, has the right form and is refused here. */
export function parseInstant(field: string, text: string): Date {
  const at = new Date(text);
  const day = Number(text.slice(8, 10));
  const exists = !Number.isNaN(at.getTime()) && day <= daysInMonth(text);
  if (exists) return at;
  throw new ApiError("InvalidParameterValue", `${field} is no date that exists: send ISO 8601.`);
}

const daysInMonth = (text: string): number =>
  new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
