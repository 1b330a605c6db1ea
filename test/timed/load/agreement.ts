/** What must hold of every ingest once all have ended: answers, rows and TRTC's tasks agree. */
import { expect } from "@jest/globals";
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import { readTruth, type TaskTruth } from "../../../local/emulator-truth.js";
import type { Query } from "../../../shared/store/engine/database.js";
import { type Ingest, ingestOf } from "../../../shared/store/ingests/ingest-row.js";
import type { Accepted } from "./lives.js";

export const ingestRows = async (query: Query): Promise<Ingest[]> =>
  (await query("select * from ingest order by task_id")).map(ingestOf);

export async function untilAllEnded(query: Query): Promise<void> {
  const untilMs = clock.elapsedMs() + 2 * MINUTE_MS;
  while (clock.elapsedMs() < untilMs) {
    if ((await ingestRows(query)).every(({ state }) => state === "ended")) return;
    await clock.sleep(500);
  }
}

export interface Outcome {
  ingests: readonly Ingest[];
  tasks: readonly TaskTruth[];
  byRobot: ReadonlyMap<string, TaskTruth[]>;
}

export async function readOutcome(query: Query, emulatorUrl: string): Promise<Outcome> {
  const ingests = await ingestRows(query);
  const tasks = await readTruth(emulatorUrl).tasks();
  const byRobot = new Map<string, TaskTruth[]>();
  for (const task of tasks) {
    byRobot.set(task.userId, [...(byRobot.get(task.userId) ?? []), task]);
  }
  return { ingests, tasks, byRobot };
}

/** `lateMs`: how long after a row's deadline a task of its robot may still play. */
export function expectAgreement(
  lives: readonly Accepted[],
  { ingests, tasks, byRobot }: Outcome,
  lateMs: number,
): void {
  const known = new Set(ingests.map(({ taskId }) => taskId));
  const forgotten = lives
    .flatMap(({ starts }) => starts)
    .filter(({ TaskId }) => !known.has(TaskId));
  expect(forgotten).toEqual([]);
  expect(ingests.filter(({ state }) => state !== "ended")).toEqual([]);
  expect(tasks.filter(({ state }) => state !== "ended")).toEqual([]);

  const owners = new Map(ingests.map((ingest) => [ingest.robotUserId, ingest]));
  expect([...byRobot.keys()].filter((robot) => !owners.has(robot))).toEqual([]);
  for (const [robot, played] of byRobot) {
    const owner = owners.get(robot);
    if (owner) expectOneByOne(owner, played, lateMs);
  }
  for (const { trtcTaskId, robotUserId } of ingests) {
    if (trtcTaskId === null) continue;
    expect(byRobot.get(robotUserId)?.map(({ taskId }) => taskId)).toContain(trtcTaskId);
  }

  // A start that certainly did not happen gives its token back.
  const tokens = ingests.flatMap(({ clientToken }) => clientToken ?? []);
  expect(new Set(tokens).size).toBe(tokens.length);
  for (const { starts } of lives) {
    for (const { TaskId, TrtcTaskId, UserId } of starts) {
      expect({ TaskId, TrtcTaskId, UserId }).toEqual({
        TaskId: starts[0]?.TaskId,
        TrtcTaskId: starts[0]?.TrtcTaskId,
        UserId: starts[0]?.UserId,
      });
    }
  }
}

/** In one call TRTC ends a robot's task and starts the next. */
const TAKEOVER_MS = SECOND_MS;

export type Owner = Pick<Ingest, "deadlineAt" | "stopAskedAt" | "endReason" | "trtcTaskId">;

/**
 * Never two at once, each over in time, and none stopped before its deadline unless asked. A start
 * that arrives late takes the robot over from the task of the row, and plays on in its place.
 */
export function expectOneByOne(
  { deadlineAt, stopAskedAt, endReason, trtcTaskId }: Owner,
  played: readonly TaskTruth[],
  lateMs: number,
): void {
  const lives = played
    .map(({ taskId, startedAt, endedAt, endReason: why }) => ({
      taskId,
      why,
      from: new Date(startedAt),
      to: new Date(endedAt ?? 0),
    }))
    .sort((one, other) => one.from.getTime() - other.from.getTime());
  lives.forEach(({ from, to }, index) => {
    const before = lives[index - 1];
    if (before) expect(from.getTime()).toBeGreaterThanOrEqual(before.to.getTime());
    expect(to.getTime() - deadlineAt.getTime()).toBeLessThan(lateMs);
  });
  const owned = lives.findIndex(({ taskId }) => taskId === trtcTaskId);
  if (owned === -1 || (endReason !== "expired" && endReason !== "stopped")) return;
  const endsFrom = Math.min(deadlineAt.getTime(), stopAskedAt?.getTime() ?? Infinity);
  const brokenOff = lives.filter(({ to }, index) => {
    const next = lives[index + 1];
    const isFollowed = next && next.from.getTime() - to.getTime() <= TAKEOVER_MS;
    return index >= owned && to.getTime() < endsFrom && !isFollowed;
  });
  expect({ brokenOff, endsFrom }).toEqual({ brokenOff: [], endsFrom });
}
