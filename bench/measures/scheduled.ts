/**
 * Scheduled starts, handled by four processes on one PostgreSQL, while slots suffice. Lateness counts
 * from StartTime: to the call, as the row says, and to TRTC's record of the task.
 */
import { makeHandler as startFunction } from "../../functions/start-ingest.js";
import { readTruth } from "../../local/emulator-truth.js";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Query } from "../../shared/store/engine/database.js";
import { bearerEvent, benchEnvironment, startFields } from "../accounts.js";
import { ask, openInstance } from "../instance.js";
import { type Bench, median, percentile } from "../measure.js";
import { goal, type Row, type Section } from "../results.js";
import { type Stage, startScript, using } from "../stage.js";

const PROCESSES = 4;

/** An account has a slot every 55 ms. */
const APART_MS = 100;

/** A start less than 10 s ahead is carried out by the start function. The requests take time too. */
const AHEAD_MS = 15 * SECOND_MS;

const STARTS = 200;
const STARTS_QUICK = 20;

/** The bench gives up when the last start is this late. */
const GIVE_UP_MS = 60 * SECOND_MS;

/** How late one start was. */
interface Lateness {
  askedMs: number;
  startedMs: number;
}

export async function benchScheduled(bench: Bench): Promise<Section> {
  const stage = await bench.stage();
  const count = bench.quick ? STARTS_QUICK : STARTS;
  const databaseUrl = await stage.newDatabase("scheduled");
  const env = { ...benchEnvironment(stage.trtcUrl), DATABASE_URL: databaseUrl, PORT: "0" };
  const processes = await Promise.all(
    Array.from({ length: PROCESSES }, () => startScript("local/start.ts", { env })),
  );
  try {
    await schedule(stage, { databaseUrl, count });
    return sectionOf(await latenessOf(stage, { databaseUrl, count, show: bench.show }));
  } finally {
    await Promise.all(processes.map(({ end }) => end()));
  }
}

/** Through the function, all of one account. */
async function schedule(
  stage: Stage,
  { databaseUrl, count }: { databaseUrl: string; count: number },
): Promise<void> {
  const instance = openInstance(stage, { databaseUrl });
  const start = startFunction(() => Promise.resolve(instance.services));
  const firstAt = addMs(clock.now(), AHEAD_MS);
  try {
    for (let index = 0; index < count; index += 1) {
      const StartTime = addMs(firstAt, index * APART_MS).toISOString();
      const fields = { ...startFields(stage.trtcUrl, 0), RoomId: `scheduled-${index}`, StartTime };
      await ask(start, bearerEvent(fields));
    }
  } finally {
    await instance.close();
  }
}

const latenessOf = (
  stage: Stage,
  { databaseUrl, count, show }: { databaseUrl: string; count: number; show: Bench["show"] },
): Promise<Lateness[]> =>
  using(databaseUrl, async ({ query }) => {
    const giveUpMs = clock.elapsedMs() + AHEAD_MS + count * APART_MS + GIVE_UP_MS;
    while (clock.elapsedMs() < giveUpMs) {
      const started = await readStarted(query, stage);
      show(`${started.length} of ${count} started`);
      if (started.length === count) return started;
      await clock.sleep(SECOND_MS);
    }
    throw new Error("Not all scheduled ingests were started");
  });

async function readStarted(query: Query, { trtcUrl }: Stage): Promise<Lateness[]> {
  const rows = await query(
    `select trtc_task_id, extract(epoch from starts_at) * 1000 as due_ms,
            extract(epoch from started_at) * 1000 as asked_ms
     from ingest where state = 'running'`,
  );
  const tasks = await readTruth(trtcUrl).tasks();
  const startedAt = new Map(tasks.map((task) => [task.taskId, Date.parse(task.startedAt)]));
  return rows.map((row) => {
    const dueMs = Number(row["due_ms"]);
    const startedMs = startedAt.get(String(row["trtc_task_id"])) ?? Number.NaN;
    return { askedMs: Number(row["asked_ms"]) - dueMs, startedMs: startedMs - dueMs };
  });
}

function sectionOf(starts: readonly Lateness[]): Section {
  const asked = starts.map(({ askedMs }) => askedMs);
  const started = starts.map(({ startedMs }) => startedMs);
  const early = starts.filter(({ askedMs, startedMs }) => Math.min(askedMs, startedMs) < 0);
  const rows = [
    rowOf(`${starts.length} starts, 0.1 s apart: asked`, asked),
    rowOf("  started by TRTC", started),
  ];
  const goals = [
    goal("asked to start, p99", percentile(asked, 99), 100, " ms"),
    goal("starts before their StartTime", early.length, 0, ""),
  ];
  return { title: "scheduled starts of four processes", rows, ratios: [], goals };
}

const rowOf = (subject: string, late: readonly number[]): Row => ({
  subject,
  figures: { p50Ms: median(late), p99Ms: percentile(late, 99), maxMs: Math.max(...late) },
});
