/** `POST /_emulator/clock`: reads how far to move the clock forward. */
import { ApiError } from "../../shared/contract/errors.js";
import { addMs, SECOND_MS } from "../../shared/clock.js";
import type { AdjustableClock } from "./adjustable-clock.js";

/** The last instant that ISO 8601 writes with a year of four digits. */
const LATEST = new Date("9999-12-31T23:59:59.999Z");

export interface ClockTruth {
  /** ISO 8601. */
  now: string;
  /** The distance from the machine's clock. */
  offsetSeconds: number;
}

export const clockTruth = (clock: AdjustableClock): ClockTruth => ({
  now: clock.now().toISOString(),
  offsetSeconds: clock.offsetMs() / SECOND_MS,
});

/**
 * Takes `{"advanceSeconds": n}`, `{"at": "<ISO 8601>"}` or `{"reset": true}`, to the millisecond.
 * Throws an ApiError.
 */
export function readMove(body: unknown, now: Date): number | "reset" {
  const fields = typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
  const [[name, value] = ["", undefined], ...others] = Object.entries(fields);
  if (others.length === 0 && name === "reset" && value === true) return "reset";
  if (others.length > 0 || (name !== "advanceSeconds" && name !== "at")) {
    throw wrong('Send {"advanceSeconds": n}, {"at": "2026-01-31T12:00:00Z"} or {"reset": true}.');
  }
  const ms = name === "at" ? msUntil(value, now) : msOf(value);
  if (addMs(now, ms) <= LATEST) return ms;
  throw wrong(`The clock goes no further than ${LATEST.toISOString()}.`);
}

function msOf(seconds: unknown): number {
  if (typeof seconds === "number" && seconds >= 0 && seconds < LATEST.getTime()) {
    return Math.round(seconds * SECOND_MS);
  }
  throw wrong(
    "advanceSeconds is wrong: send a number of seconds from 0; the clock never goes back.",
  );
}

function msUntil(text: unknown, now: Date): number {
  const isInstant =
    typeof text === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = isInstant ? Date.parse(text) - now.getTime() : NaN;
  if (Number.isNaN(ms)) throw wrong('at is wrong: send an instant as "2026-01-31T12:00:00Z".');
  if (ms >= 0) return ms;
  throw wrong(
    `at has passed: it is ${now.toISOString()}, and only {"reset": true} sets the clock back.`,
  );
}

/** Explains a refused signature by the moved clock. Empty while the clock is the machine's. */
export function clockAdvice(clock: AdjustableClock): string {
  const seconds = Math.round(clock.offsetMs() / SECOND_MS);
  if (seconds === 0) return "";
  return ` The emulator's clock is ${seconds} s ahead of this machine's: sign by the "now" of GET /_emulator/clock, or POST {"reset":true} there.`;
}

const wrong = (message: string): ApiError => new ApiError("InvalidParameter", message);
