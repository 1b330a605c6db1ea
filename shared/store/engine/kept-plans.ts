/**
 * Prepared statements for the few long statements of each start and stop, which PostgreSQL plans
 * for longer than it runs them. A connection that has one of them plans it five times, and then
 * keeps the plan.
 *
 * A pooler in transaction mode may run the next statement on a connection without the name, or with
 * the name of another process. So equal names mean equal texts. Where a connection does not have the
 * plan, PostgreSQL answers before it carries anything out, and the statement is sent without a name.
 */
import { createHash } from "node:crypto";
import type { DatabaseAddress } from "../../config/database/address.js";

/** PostgreSQL takes at most 63 bytes. */
export const nameOf = (text: string): string =>
  `trtc_${createHash("sha256").update(text).digest("base64url")}`;

/** PostgreSQL's codes for a name that its connection lacks, or has already. */
const WITHOUT_NAMES: ReadonlySet<unknown> = new Set(["26000", "42P05"]);

/** Its code for a plan whose columns a migration has changed, among others. */
const STALE_PLAN = "0A000";

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** The statement was not carried out: these errors come before it, or undo it. */
export const isPlanLost = (error: unknown): boolean =>
  isWithoutNames(error) || codeOf(error) === STALE_PLAN;

/** The connections of this database are shared by statements of several processes. */
export const isWithoutNames = (error: unknown): boolean => WITHOUT_NAMES.has(codeOf(error));

/**
 * RDS Proxy gives a client that names a statement a connection of its own until it leaves
 * (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html).
 */
export function pinsNames(address: string | DatabaseAddress): boolean {
  const url = typeof address === "string" ? address : address.url;
  return /\.proxy-[a-z0-9-]+\.[a-z0-9-]+\.rds\.amazonaws\.com/i.test(url);
}
