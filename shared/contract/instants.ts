/** Instants as callers send them: ISO 8601 with an offset. The schema checks the form. */
import { ApiError } from "./errors.js";

/** Refuses a day that does not exist, such as 30 February, although its form is right. */
export function parseInstant(field: string, text: string): Date {
  const at = new Date(text);
  const day = Number(text.slice(8, 10));
  const exists = !Number.isNaN(at.getTime()) && day <= daysInMonth(text);
  if (exists) return at;
  throw new ApiError(
    "InvalidParameterValue",
    `${field} is not an existing date: send an existing one in ISO 8601.`,
  );
}

const daysInMonth = (text: string): number =>
  new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
