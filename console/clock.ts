/** Time in the browser. No other file of the console reads the time. */

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export const nowMs = (): number => Date.now();

/** Milliseconds that never go back. */
export const elapsedMs = (): number => performance.now();

/** Returns the function that cancels it. */
export function after(ms: number, run: () => void): () => void {
  const id = setTimeout(run, ms);
  return () => clearTimeout(id);
}

/** Returns the function that ends it. */
export function every(ms: number, run: () => void): () => void {
  const id = setInterval(run, ms);
  return () => clearInterval(id);
}

/** The start of the local day, `days` later. Days of 23 and 25 hours count as one. */
export function localDay(ms: number, days = 0): Date {
  const day = new Date(ms);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);
}

/** Monday, 0:00 of the local week, `weeks` later. */
export function localWeek(ms: number, weeks: number): Date {
  const day = new Date(ms).getDay();
  return localDay(ms, -((day + 6) % 7) + weeks * 7);
}

/** `2026-11-30` of the local day. */
export function dayName(day: Date): string {
  const month = String(day.getMonth() + 1).padStart(2, "0");
  return `${day.getFullYear()}-${month}-${String(day.getDate()).padStart(2, "0")}`;
}
