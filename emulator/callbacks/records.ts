/** The callbacks that were sent, and what came of them; the latest only, for the truth endpoint. */
import type { Body } from "./bodies.js";

export interface CallbackRecord {
  sdkAppId: number;
  body: Body;
  /** `pending` while it may still be tried. */
  state: "pending" | "delivered" | "dropped";
  /** `outcome` is `HTTP <status>`, or what happened instead; ISO 8601. */
  attempts: { at: string; outcome: string }[];
}

export interface CallbackRecords {
  add(sdkAppId: number, body: Body): CallbackRecord;
  /** In the order in which they happened. */
  all(): readonly CallbackRecord[];
}

/** At some 500 bytes each, a few megabytes. */
const KEPT = 10_000;

export function makeCallbackRecords(kept = KEPT): CallbackRecords {
  const records: CallbackRecord[] = [];
  return {
    add(sdkAppId, body) {
      const record: CallbackRecord = { sdkAppId, body, state: "pending", attempts: [] };
      records.push(record);
      // In one piece now and then: an array that loses its first entry each time is copied each time.
      if (records.length >= 2 * kept) records.splice(0, records.length - kept);
      return record;
    },
    all: () => records.slice(-kept),
  };
}
