/** What a database says about itself, as rows. */
import type { DatabaseHealth } from "../store/health/database.js";
import { BEHIND_MAX_MS } from "../store/ingests/due.js";
import { duration, pass, type Row, warn } from "./row.js";

export function connections({ connections: { used, max } }: DatabaseHealth): Row {
  const check = "database: connections";
  const finding = `${used} of ${max} in use`;
  if (used < 0.8 * max) return pass(check, finding);
  return warn(check, finding, "raise max_connections, or put a transaction pooler in front");
}

/** One clock writes leases and another reads them. They last seconds. */
export function clockSkew(skewMs: number): Row {
  const check = "database: clock";
  const finding = `${duration(skewMs)} ${skewMs < 0 ? "behind" : "ahead of"} this machine's`;
  if (Math.abs(skewMs) <= BEHIND_MAX_MS) return pass(check, finding);
  return warn(check, finding, "set both by NTP");
}

/** The tables that a row names. The others are small. */
const NAMED = 3;

export function tableSizes({ tables }: DatabaseHealth): Row {
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const largest = tables
    .slice(0, NAMED)
    .map(({ table, bytes, rows }) => `${table} ${size(bytes)} with about ${rows} rows`);
  return pass("database: tables", `${size(total)}: ${largest.join(", ")}`);
}

function size(bytes: number): string {
  const [unit, name] = bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(bytes / unit).toFixed(1)} ${name}`;
}
