/** Instants for people: how far away they are. Programs get them as the API sends them. */
import { addMs, DAY_MS, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { duration } from "../../shared/duration.js";
import { UsageError } from "./command.js";
import type { Io } from "./io.js";

const HOUR_MS = 60 * MINUTE_MS;

/** The units of a duration in a flag: `90s`, `30m`, `24h`, `7d`. */
export const UNIT_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};

/** On a terminal `in 12 min` or `3 h ago`, elsewhere the instant. */
export function whenFor({ out, clock }: Pick<Io, "out" | "clock">, instant: unknown): string {
  if (typeof instant !== "string") return "";
  const ms = new Date(instant).getTime() - clock.now().getTime();
  if (out.isTTY !== true || Number.isNaN(ms)) return instant;
  return ms >= 0 ? `in ${duration(ms)}` : `${duration(-ms)} ago`;
}

/** ISO 8601 with an offset, so that the instant is unambiguous. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** The text of `--since`. Throws UsageError that says what to send. */
export function readSince(text: string, now: Date): Date {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return addMs(now, -Number(count) * (UNIT_MS[unit] ?? Number.NaN));
  const at = INSTANT.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime())) {
    throw new UsageError(
      `--since ${text}: send a time such as 24h, 30m or 7d, or an instant with its offset`,
    );
  }
  if (at > now) throw new UsageError(`--since ${text} is in the future: send a past time`);
  return at;
}
