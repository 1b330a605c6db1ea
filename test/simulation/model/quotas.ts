/** shared/store/ingests/quotas.ts: the caller's live ingests, and its starts of the last minute. */
import { MINUTE_MS } from "../../../shared/clock.js";
import { waitsToStart } from "../../../shared/store/ingests/ingest-row.js";
import type { OverQuota } from "../../../shared/store/ingests/quotas.js";
import { isSlotNear } from "./slots.js";
import type { WantedStart } from "./starts.js";
import type { Tables } from "./tables.js";

type Limited = Pick<WantedStart, "callerId" | "account" | "waitMaxMs" | "quotas">;

export function countStart({ startsMs }: Tables, callerId: string, nowMs: number): void {
  startsMs.set(callerId, [...(startsMs.get(callerId) ?? []), nowMs]);
}

export function overQuota(
  { ingests, startsMs }: Tables,
  {
    callerId,
    quotas: { maxIngests, startsPerMinute } = {},
  }: Pick<WantedStart, "callerId" | "quotas">,
  nowMs: number,
): OverQuota | undefined {
  const live = [...ingests.values()].filter(
    (row) =>
      row.callerId === callerId &&
      row.state !== "ended" &&
      row.successorOf === null &&
      (!waitsToStart(row) || row.startedAt !== null),
  ).length;
  const recentMs = (startsMs.get(callerId) ?? []).filter((ms) => ms > nowMs - MINUTE_MS);
  const freeInMs = recentMs.length === 0 ? 0 : Math.min(...recentMs) + MINUTE_MS - nowMs;
  const over = { outcome: "over-quota" as const, freeInMs };
  if (maxIngests !== undefined && live >= maxIngests) {
    return { ...over, quota: "MaxIngests", count: live };
  }
  if (startsPerMinute !== undefined && recentMs.length >= startsPerMinute) {
    return { ...over, quota: "StartsPerMinute", count: recentMs.length };
  }
  return undefined;
}

export function refusalOf(
  tables: Tables,
  wanted: Limited,
  databaseNowMs: number,
): OverQuota | { outcome: "no-slot" } | undefined {
  const refusal = overQuota(tables, wanted, databaseNowMs);
  if (refusal) return refusal;
  const { account, callerId, waitMaxMs } = wanted;
  const asked = { account, callerId, action: "StartStreamIngest", waitMaxMs, databaseNowMs };
  return isSlotNear(tables, asked) ? undefined : { outcome: "no-slot" };
}
