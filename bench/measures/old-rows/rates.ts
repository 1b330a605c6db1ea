/**
 * What a database carries by itself: the statements of starts, switches, claims and ends, sent by
 * eight connections at once. No TRTC is called and no slot is waited for, so the rest is the database's.
 */
import { randomBytes } from "node:crypto";
import { addMs, DAY_MS, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { listPrices } from "../../../shared/config/money/prices.js";
import { newIngestIds } from "../../../shared/ingest/ids.js";
import type { Query } from "../../../shared/store/engine/database.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { OnAir, Programme } from "../../../shared/store/programmes/programme-row.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import { type Bench, timed } from "../../measure.js";
import type { Section } from "../../results.js";

const CONNECTIONS = 8;
const INGESTS = 4000;
const QUICK_INGESTS = 160;
/** No account makes all calls, and none waits: a slot may be far in the future. */
const ACCOUNTS = 200;
/** Deadlines that are due together, as those of one second are. */
const DUE_TOGETHER = 200;
const TIMES = { leaseMs: 5 * MINUTE_MS, waitMaxMs: 1e9 };
/** As a run of expire-ingests claims them (shared/ingest/due-run.ts). */
const CLAIM = { leaseMs: 5 * MINUTE_MS, limit: 10, accountMax: 40 };

const ITEM = { StreamUrl: "https://media.example.com/clip.mp4", PlaySeconds: 60, RepeatNum: -1 };

interface One {
  taskId: string;
  account: string;
}

export async function benchRates(
  { quick, show }: Bench,
  { url, now, title }: { url: string; now: Date; title: string },
): Promise<Section> {
  const database = openPostgres(url, { connectionsMax: CONNECTIONS });
  const store = createStore(database).by({ kind: "operator", id: "bench", function: "bench" });
  const count = quick ? QUICK_INGESTS : INGESTS;
  const rates: Record<string, number> = {};
  const measure = async (what: string, each: (n: number) => Promise<number>) => {
    show(`${title}: ${what}`);
    rates[what] = await perSecond(count, each);
  };
  const begun: One[] = [];
  try {
    await measure("starts", async (n) => {
      begun.push(await start(store, now, n));
      return 1;
    });
    await measure("switches of a list", async (n) => {
      const one = begun[n];
      if (one) await switchItem(store, now, one);
      return 1;
    });
    let due = 0;
    await measure("deadlines claimed, 10 at a time, and ended", async () => {
      const at = dueAt(now, due);
      const page = await store.ingests.claimDue({ ...CLAIM, at, horizonAt: at });
      if (page.length === 0 && at >= dueAt(now, due)) due += DUE_TOGETHER;
      for (const one of page) await end(store, at, one);
      return page.length;
    });
  } finally {
    await forget(
      database.query,
      begun.map(({ taskId }) => taskId),
    );
    await database.close();
  }
  const rows = Object.entries(rates).map(([subject, rate]) => ({
    subject,
    figures: { perSecond: rate },
  }));
  return { title, rows, ratios: [], goals: [] };
}

const dueAt = (now: Date, n: number): Date =>
  addMs(now, (1 + Math.floor(n / DUE_TOGETHER)) * SECOND_MS);

/** Each connection takes the next piece of work until `count` are done. */
async function perSecond(count: number, each: (n: number) => Promise<number>): Promise<number> {
  let [taken, done] = [0, 0];
  const worker = async () => {
    while (taken < count && done < count) {
      const n = taken;
      taken += 1;
      const made = await each(n);
      // Read after the wait: other connections count meanwhile.
      done += made;
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: CONNECTIONS }, worker)));
  return (done * SECOND_MS) / ms;
}

const programmeAt = (now: Date): Programme => ({
  items: [ITEM, ITEM],
  isList: true,
  rounds: -1,
  anchor: { at: now.toISOString(), index: 0, round: 0, passedSeconds: 0 },
  onItemFailure: "Skip",
  fillerUrl: null,
  backupUrl: null,
  clearSeconds: 10,
  preference: "Primary",
  restartsPerHour: 10,
  hasOwnRobot: true,
});

const onAirAt = (now: Date, index: number): OnAir => ({
  source: "primary",
  index,
  round: 0,
  since: now.toISOString(),
  taskSince: now.toISOString(),
  failed: {},
  restarts: 0,
  restartedAt: [],
  rolledOver: 0,
});

async function start(store: Store, now: Date, n: number): Promise<One> {
  const ids = newIngestIds(now, randomBytes);
  const account = `rate-${n % ACCOUNTS}`;
  const bounds = { deadlineAt: dueAt(now, n), latestAt: addMs(now, DAY_MS) };
  const begun = await store.ingests.beginStart({
    ...ids,
    ...bounds,
    ...TIMES,
    callerId: "caller",
    account,
    site: "intl",
    region: "ap-singapore",
    sdkAppId: 1_400_000_000,
    roomId: "room",
    roomIdType: 0,
    play: { StreamUrl: ITEM.StreamUrl },
    clientToken: `rate-${ids.taskId}`,
    requestHash: "hash",
    createdAt: now,
    prices: listPrices,
    programme: programmeAt(now),
    notify: true,
  });
  if (begun.outcome !== "begun") throw new Error("A start was refused");
  const { taskId } = ids;
  const trtcTaskId = `trtc-${taskId}`;
  const began = {
    programme: programmeAt(now),
    onAir: onAirAt(now, 0),
    stepAt: now,
    streamUrl: ITEM.StreamUrl,
  };
  const running = await store.ingests.markRunning({
    taskId,
    fence: 0,
    trtcTaskId,
    startedAt: now,
    ...bounds,
    began,
  });
  if (!running) throw new Error("An outcome was refused");
  return { taskId, account };
}

async function switchItem(store: Store, at: Date, { taskId, account }: One): Promise<void> {
  const claimed = { taskId, stepFence: 1, account, callerId: "caller" };
  const step = await store.programmes.beginStep({ ...TIMES, claimed, at, needsSlot: true });
  if (!step) throw new Error("A step was refused");
  await store.programmes.markStepped(
    { taskId, stepFence: 1, at, programme: programmeAt(at), onAir: onAirAt(at, 1), stepAt: null },
    "item",
  );
}

async function end(
  store: Store,
  at: Date,
  { taskId, fence }: Pick<Ingest, "taskId" | "fence">,
): Promise<void> {
  const stop = await store.ingests.beginDueStop({
    ...TIMES,
    taskId,
    fence,
    at,
  });
  if (!stop) throw new Error("A stop was refused");
  const { fence: held } = stop.ingest;
  const ended = await store.ingests.markEnded({ taskId, fence: held, reason: "expired", at });
  if (!ended) throw new Error("An end was refused");
}

/** So that a kept database is as before. */
async function forget(query: Query, taskIds: readonly string[]): Promise<void> {
  for (const table of ["outbox", "ingest_event", "ingest"]) {
    await query(`delete from ${table} where task_id = any($1)`, [taskIds]);
  }
  await query("delete from call_slot where account like 'rate-%'");
}
