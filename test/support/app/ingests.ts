/** Rows for tests of the store. */
import { randomBytes } from "node:crypto";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import { listPrices } from "../../../shared/config/money/prices.js";
import { newIngestIds } from "../../../shared/ingest/ids.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { NewIngest } from "../../../shared/store/ingests/new-row.js";
import type { Store } from "../../../shared/store/store.js";

export const T0 = new Date("2026-01-01T00:00:00Z");

export type Wanted = NewIngest & { leaseMs: number; waitMaxMs: number };

export function newIngest(fields: Partial<Wanted> = {}): Wanted {
  const createdAt = fields.createdAt ?? T0;
  return {
    ...newIngestIds(createdAt, randomBytes),
    callerId: "caller",
    account: "intl",
    site: "intl",
    region: "ap-singapore",
    sdkAppId: 1600000000,
    roomId: "room",
    roomIdType: 0,
    play: { StreamUrl: "https://media.example/clip.mp4" },
    clientToken: null,
    requestHash: "hash",
    createdAt,
    latestAt: addMs(createdAt, 60 * MINUTE_MS),
    prices: listPrices,
    deadlineAt: addMs(createdAt, 10 * MINUTE_MS),
    leaseMs: 5000,
    waitMaxMs: 60_000,
    ...fields,
  };
}

export async function runningIngest(store: Store, fields: Partial<Wanted> = {}): Promise<Ingest> {
  const row = newIngest(fields);
  await store.ingests.beginStart(row);
  const { taskId, createdAt: startedAt, deadlineAt, latestAt } = row;
  const running = await store.ingests.markRunning({
    taskId,
    startedAt,
    deadlineAt,
    latestAt,
    fence: 0,
    trtcTaskId: `trtc-${taskId}`,
  });
  if (!running) throw new Error("the row was not starting");
  return running;
}
