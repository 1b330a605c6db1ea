/**
 * How long a start waits for the database and TRTC, and how often it calls them. It is measured
 * from outside, without a change to the code. A wait lasts from a statement's start to its rows.
 * For an HTTP request, it lasts to the head of its answer. Overlapping waits count once.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { systemClock } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";

export interface Waits {
  /** The sums so far. */
  read: () => { waitedMs: number; statements: number; trtcCalls: number };
  /** The same database, with measurement. */
  watch: (database: Database) => Database;
  stop: () => void;
}

const REQUEST_STARTS = "http.client.request.start";
const ANSWER_COMES = "http.client.response.finish";

export function watchWaits(): Waits {
  let [underWay, sinceMs, waitedMs, statements, trtcCalls] = [0, 0, 0, 0, 0];
  const begin = () => {
    if (underWay === 0) sinceMs = systemClock.elapsedMs();
    underWay += 1;
  };
  const end = () => {
    underWay -= 1;
    if (underWay === 0) waitedMs += systemClock.elapsedMs() - sinceMs;
  };
  const beginCall = () => {
    trtcCalls += 1;
    begin();
  };
  subscribe(REQUEST_STARTS, beginCall);
  subscribe(ANSWER_COMES, end);
  return {
    read: () => ({ waitedMs, statements, trtcCalls }),
    watch: (database) => ({
      ...database,
      query: async (text, parameters, planning) => {
        statements += 1;
        begin();
        try {
          return await database.query(text, parameters, planning);
        } finally {
          end();
        }
      },
    }),
    stop() {
      unsubscribe(REQUEST_STARTS, beginCall);
      unsubscribe(ANSWER_COMES, end);
    },
  };
}
