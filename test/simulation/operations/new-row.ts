/** New rows, and the values that operations share. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import { listPrices } from "../../../shared/config/money/prices.js";
import { IDS, SDK_APP_ID, soonMs, taskId } from "./operation.js";

export const CALLERS = ["one", "two"];
/** Few of each, so that operations meet. */
export const callerId = fc.constantFrom(...CALLERS);
export const leaseMs = fc.constantFrom(500, 5000, 60_000);
export const waitMaxMs = fc.constantFrom(-1, 0, 5, 60, 2000, 60_000);
/** Deadlines differ from row to row. No promise covers the order of two at one instant. */
export const deadlineOf = (id: string, at: Date, ms: number) =>
  addMs(at, ms * 10 + IDS.indexOf(id));

export const newRow = fc
  .record({
    taskId,
    callerId,
    robotUserId: fc.constantFrom("dj", "host", "third"),
    token: fc.constantFrom(null, "t1", "t2"),
    roomId: fc.constantFrom("1", "1", "hall"),
    roomIdType: fc.constantFrom<0 | 1>(0, 1),
    isWatchful: fc.boolean(),
    account: fc.constantFrom("intl", "cn"),
    maxIngests: fc.constantFrom(undefined, undefined, 1, 2),
    startsPerMinute: fc.constantFrom(undefined, undefined, 1, 3),
    soonMs,
  })
  .map(({ token, isWatchful, maxIngests, startsPerMinute, ...row }) => ({
    ...row,
    quotas: { maxIngests, startsPerMinute },
    clientToken: token && `${row.callerId} ${token}`,
    // All lengths differ, so no two rooms without an audience end at one instant.
    emptySeconds: isWatchful ? IDS.indexOf(row.taskId) + 1 : null,
  }));

export type NewRow = typeof newRow extends fc.Arbitrary<infer R> ? R : never;

export const startOf = (row: NewRow, at: Date) => {
  const { soonMs: ms, ...columns } = row;
  return {
    ...columns,
    site: "intl" as const,
    region: "ap-singapore",
    sdkAppId: SDK_APP_ID,
    play: { StreamUrl: "https://media.example/clip.mp4", RepeatNum: -1 },
    requestHash: "hash",
    createdAt: at,
    latestAt: addMs(at, 600_000),
    prices: listPrices,
    deadlineAt: deadlineOf(row.taskId, at, ms),
  };
};

export const accountMax = fc.constantFrom(undefined, 1, 2);
