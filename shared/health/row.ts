/**
 * The result of a check. It names variables, entries and fields, and never a value that may be
 * secret.
 */
export type Verdict = "pass" | "warn" | "fail" | "skip";

export interface Row {
  check: string;
  verdict: Verdict;
  found: string;
  /** The advice. A `pass` or `skip` has none. */
  todo?: string;
}

export const pass = (check: string, finding: string): Row => ({
  check,
  verdict: "pass",
  found: finding,
});
export const skip = (check: string, finding: string): Row => ({
  check,
  verdict: "skip",
  found: finding,
});
export const warn = (check: string, finding: string, todo: string): Row => ({
  check,
  verdict: "warn",
  found: finding,
  todo,
});
export const fail = (check: string, finding: string, todo: string): Row => ({
  check,
  verdict: "fail",
  found: finding,
  todo,
});

/** `1 row`, `2 rows`. */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** `12 s`, `3 min`, `5 h`: rounded as in speech. */
export function duration(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
