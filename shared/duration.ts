/** A length of time in words, for people. */
import { DAY_MS, MINUTE_MS, SECOND_MS } from "./clock.js";

const HOUR_MS = 60 * MINUTE_MS;

/** `45 s`, `12 min`, `3 h 05 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  const [big, bigMs, small, smallMs] =
    ms < DAY_MS
      ? (["h", HOUR_MS, "min", MINUTE_MS] as const)
      : (["d", DAY_MS, "h", HOUR_MS] as const);
  const rest = Math.floor((ms % bigMs) / smallMs);
  return `${Math.floor(ms / bigMs)} ${big} ${String(rest).padStart(2, "0")} ${small}`;
}
