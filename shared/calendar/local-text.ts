/** Local dates and times as callers read them. */
import type { Zone } from "./zone.js";

/** With its offset, for example `2027-03-28T03:00:00+02:00`. `at` is in milliseconds. */
export function localText(zone: Zone, at: number): string {
  const { offset } = zone.spanAt(at);
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const hours = String(Math.trunc(minutes / 60)).padStart(2, "0");
  const rest = String(minutes % 60).padStart(2, "0");
  return `${new Date(at + offset).toISOString().slice(0, 19)}${offset < 0 ? "-" : "+"}${hours}:${rest}`;
}

/** `YYYY-MM-DD` of a local time that is written as if it were UTC. */
export const dateText = (wall: number): string => new Date(wall).toISOString().slice(0, 10);

/** `HH:MM`, with seconds if there are any. */
export function timeText(wall: number): string {
  const time = new Date(wall).toISOString().slice(11, 19);
  return time.endsWith(":00") ? time.slice(0, 5) : time;
}
