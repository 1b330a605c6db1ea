/** The latest callbacks and their results, for the truth endpoint. */
import type { Body } from "./bodies.js";

export interface CallbackRecord {
  sdkAppId: number;
  body: Body;
  /** `pending`: further attempts are possible. */
  state: "pending" | "delivered" | "dropped";
  /** `outcome` is `HTTP <status>` or the failure. `at` is in ISO 8601. */
  attempts: { at: string; outcome: string }[];
}

export interface CallbackRecords {
  add(sdkAppId: number, body: Body): CallbackRecord;
  /** In the order of the events. */
  all(): readonly CallbackRecord[];
}

/** About 500 bytes each, so a few megabytes. */
const KEPT = 10_000;

export function makeCallbackRecords(kept = KEPT): CallbackRecords {
  const records: CallbackRecord[] = [];
  return {
    add(sdkAppId, body) {
      const record: CallbackRecord = { sdkAppId, body, state: "pending", attempts: [] };
      records.push(record);
      // Removes many at once: removing the first entry each time would copy the array each time.
      if (records.length >= 2 * kept) records.splice(0, records.length - kept);
      return record;
    },
    all: () => records.slice(-kept),
  };
}
