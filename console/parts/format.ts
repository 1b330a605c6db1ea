/** Instants, lengths and money as people of the chosen language read them. */
import { DAY_MS, nowMs, SECOND_MS } from "../clock.js";
import { localeOf, t } from "../words/words.js";

export const instantText = (iso: string): string =>
  new Intl.DateTimeFormat(localeOf(), { dateStyle: "medium", timeStyle: "medium" }).format(
    new Date(iso),
  );

export const timeText = (iso: string): string =>
  new Intl.DateTimeFormat(localeOf(), { timeStyle: "short" }).format(new Date(iso));

/** Only the time of an instant within half a day. */
export const momentText = (iso: string): string =>
  Math.abs(Date.parse(iso) - nowMs()) < DAY_MS / 2 ? timeText(iso) : instantText(iso);

export const dayText = (day: Date): string =>
  new Intl.DateTimeFormat(localeOf(), {
    weekday: "short",
    day: "numeric",
    month: "short",
  }).format(day);

export const moneyText = (usd: number): string =>
  new Intl.NumberFormat(localeOf(), {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: usd > 0 && usd < 1 ? 4 : 2,
  }).format(usd);

export const numberText = (value: number): string =>
  new Intl.NumberFormat(localeOf(), { maximumFractionDigits: 1 }).format(value);

/** `12 s`, `3 min`, `5 h`, `2 d`. */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS));
  if (seconds < 120) return t("length.seconds", { n: seconds });
  if (seconds < 7200) return t("length.minutes", { n: Math.round(seconds / 60) });
  if (seconds < 172_800) return t("length.hours", { n: Math.round(seconds / 3600) });
  return t("length.days", { n: Math.round(seconds / 86_400) });
}

/** How far an instant is ahead. */
export const untilText = (iso: string): string => lengthText(Date.parse(iso) - nowMs());
