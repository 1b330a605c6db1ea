/** Thousands of ingests that play, and how they ended. */
import { makeHandler as startFunction } from "../functions/start-ingest.js";
import { readTruth } from "../local/emulator-truth.js";
import type { Query } from "../shared/store/engine/database.js";
import { ask, openInstance } from "./instance.js";
import { accountOf, ACCOUNTS, bearerEvent, startFields } from "./accounts.js";
import type { Stage } from "./stage.js";

export interface Playing {
  taskId: string;
}

export interface Stopped {
  account: number;
  dueMs: number;
  askedMs: number;
  /** When TRTC stopped the task. */
  calledMs: number;
  endedMs: number;
}

const AT_ONCE = 8;

/** Started through the function, with accounts in turn, so that none waits for its slot. */
export async function play(
  stage: Stage,
  {
    databaseUrl,
    count,
    show,
  }: { databaseUrl: string; count: number; show: (line: string) => void },
): Promise<Playing[]> {
  const instance = openInstance(stage, { databaseUrl });
  const start = startFunction(() => Promise.resolve(instance.services));
  const playing: Playing[] = [];
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      begun += 1;
      const fields = { ...startFields(stage.trtcUrl, begun), RoomId: `deadlines-${begun}` };
      const { TaskId } = await ask<{ TaskId: string }>(start, bearerEvent(fields));
      playing.push({ taskId: TaskId });
      show(`${playing.length} of ${count} started`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return playing;
  } finally {
    await instance.close();
  }
}

export interface Scheduled {
  taskId: string;
  account: number;
  deadlineAt: Date;
}

/** Moves all of them in the table at once, each to its account. */
export async function schedule(query: Query, schedules: readonly Scheduled[]): Promise<void> {
  await query(
    `update ingest set account = scheduled.account, deadline_at = scheduled.deadline_at
     from unnest($1::text[], $2::text[], $3::timestamptz[])
       as scheduled (task_id, account, deadline_at)
     where ingest.task_id = scheduled.task_id`,
    [
      schedules.map(({ taskId }) => taskId),
      schedules.map(({ account }) => accountOf(account)),
      schedules.map(({ deadlineAt }) => deadlineAt),
    ],
  );
}

/** For ended ingests. */
export async function readLateness(
  query: Query,
  { trtcUrl }: Stage,
  playing: readonly Playing[],
): Promise<Stopped[]> {
  const ended = await query(
    `select account, trtc_task_id, deadline_at, stop_asked_at, ended_at from ingest
     where task_id = any($1) and state = 'ended'`,
    [playing.map(({ taskId }) => taskId)],
  );
  if (ended.length < playing.length) return ended.map(() => NOTHING_YET);
  const tasks = await readTruth(trtcUrl).tasks();
  const endedAt = new Map(tasks.map((task) => [task.taskId, task.endedAt ?? ""]));
  const accounts = new Map(Array.from({ length: ACCOUNTS }, (_, n) => [accountOf(n), n]));
  return ended.map((row) => ({
    account: accounts.get(String(row["account"])) ?? Number.NaN,
    dueMs: millis(row["deadline_at"]),
    askedMs: millis(row["stop_asked_at"]),
    calledMs: Date.parse(endedAt.get(String(row["trtc_task_id"])) ?? ""),
    endedMs: millis(row["ended_at"]),
  }));
}

const NOTHING_YET: Stopped = { account: 0, dueMs: 0, askedMs: 0, calledMs: 0, endedMs: 0 };

const millis = (at: unknown): number => (at instanceof Date ? at.getTime() : Number.NaN);
