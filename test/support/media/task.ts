/** A task of the emulator with an open source, and its ends in seconds after its start. */
import { changeSource } from "../../../emulator/tasks/changes.js";
import { endOf } from "../../../emulator/tasks/life.js";
import { beginTask, type NewTask, type Source, type Task } from "../../../emulator/tasks/task.js";
import { addMs, SECOND_MS } from "../../../shared/clock.js";

export const BEGIN = new Date("2026-01-01T00:00:00Z");

export const after = (seconds: number): Date => addMs(BEGIN, seconds * SECOND_MS);

export const openOf = (durationSeconds: number | null): Source => ({
  state: "open",
  container: "mp4",
  durationSeconds,
  tracks: [],
});

export function opened(fields: Partial<NewTask> = {}, durationSeconds: number | null = 4): Task {
  const task = beginTask({
    taskId: "task",
    sdkAppId: 1400000000,
    site: "cn",
    account: "AKIDemulator",
    region: "ap-singapore",
    roomId: "room",
    roomIdType: 0,
    userId: "robot",
    repeatNum: 1,
    maxDurationMinutes: undefined,
    idleTimeoutSeconds: undefined,
    idleMeans: "source-stalled",
    endGraceSeconds: 0,
    autoPush: false,
    enableProgress: false,
    startedAt: BEGIN,
    streamUrl: "http://a.example.com/a.mp4",
    seekSeconds: 0,
    tempo: 1,
    volume: 100,
    ...fields,
  });
  return changeSource(task, openOf(durationSeconds), after(1));
}

export const endedAfter = (task: Task): [seconds: number, reason: string] | undefined => {
  const end = endOf(task, after(1e9));
  return end && [(end.at.getTime() - BEGIN.getTime()) / SECOND_MS, end.reason];
};
