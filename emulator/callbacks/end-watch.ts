/**
 * Reports each task's end once, when it happens. The end itself does not depend on this watch. The
 * clock decides it, and every reader computes the same end. A callback must leave at that time. One
 * sleep serves all tasks and lasts until the earliest known end.
 */
import { type Clock, DAY_MS } from "../../shared/clock.js";
import { nextEndOf } from "../tasks/life.js";
import type { Task, TaskEnd } from "../tasks/task.js";
import type { TaskListener } from "../tasks/tasks.js";

interface Needs {
  clock: Clock;
  /** Aborts when the emulator closes. */
  signal: AbortSignal;
  /** Whether this task's end is reported. Other tasks are not kept. */
  isWatched: (task: Task) => boolean;
  onStart: (task: Task) => void;
  onEnd: (task: Task, end: TaskEnd) => void;
}

export interface EndWatch extends TaskListener {
  /** Reports every end that has passed by now. */
  reportDue(): void;
}

/** The machine's timers cannot exceed 24 days. */
const SLEEP_MAX_MS = DAY_MS;

export function makeEndWatch({ clock, signal, isWatched, onStart, onEnd }: Needs): EndWatch {
  /** Tasks whose end is not reported yet. */
  const watched = new Map<string, Task>();
  let soonest: { taskId: string; atMs: number } | undefined;
  let sleeping: AbortController | undefined;
  signal.addEventListener("abort", () => sleeping?.abort(), { once: true });

  function reportDue(): void {
    const now = clock.now();
    if (signal.aborted) return;
    if (!soonest || soonest.atMs > now.getTime()) return;
    const ended = [...watched.values()].flatMap((task) => {
      const end = nextEndOf(task);
      return end && end.at <= now ? [{ task, end }] : [];
    });
    ended.sort((one, other) => one.end.at.getTime() - other.end.at.getTime());
    for (const { task, end } of ended) reportEnd(task, end);
    findSoonest();
  }

  function reportEnd(task: Task, end: TaskEnd): void {
    if (watched.delete(task.taskId)) onEnd(task, end);
  }

  function findSoonest(): void {
    soonest = undefined;
    for (const task of watched.values()) consider(task);
  }

  function consider(task: Task): void {
    const atMs = nextEndOf(task)?.at.getTime() ?? Infinity;
    if (atMs < (soonest?.atMs ?? Infinity)) soonest = { taskId: task.taskId, atMs };
  }

  /** Sleeps until the earliest end, unless such a sleep already runs. */
  function rearm(): void {
    if (sleeping) sleeping.abort();
    else if (soonest && !signal.aborted) void sleepOn();
  }

  async function sleepOn(): Promise<void> {
    while (soonest && !signal.aborted) {
      sleeping = new AbortController();
      const leftMs = soonest.atMs - clock.now().getTime();
      await clock.sleep(Math.min(leftMs, SLEEP_MAX_MS), sleeping.signal);
      reportDue();
    }
    sleeping = undefined;
  }

  return {
    reportDue,
    added(task) {
      if (!isWatched(task)) return;
      // Earlier ends are reported before this start.
      reportDue();
      watched.set(task.taskId, task);
      onStart(task);
      consider(task);
      rearm();
    },
    changed(task) {
      if (!watched.has(task.taskId)) return;
      watched.set(task.taskId, task);
      reportDue();
      const before = soonest;
      const end = nextEndOf(task);
      if (end && end.at <= clock.now()) reportEnd(task, end);
      if (soonest?.taskId === task.taskId) findSoonest();
      else if (watched.has(task.taskId)) consider(task);
      if (soonest?.atMs !== before?.atMs) rearm();
    },
  };
}
