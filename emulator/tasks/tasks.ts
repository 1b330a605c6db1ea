/**
 * The tasks that were ever accepted. Nothing here keeps time. Each read computes by the clock
 * whether a task has ended. So no timer can be late, and the clock may be moved.
 */
import type { Clock } from "../../shared/clock.js";
import { asOf, endOf } from "./life.js";
import type { Task } from "./task.js";

/**
 * TRTC forgets a task when it ends. The emulator keeps it for the truth endpoint, but not for ever.
 * At some 1 kB each, so many stay well below the memory of a small machine.
 */
const TASKS_KEPT = 100_000;

export interface Tasks {
  add(task: Task): void;
  find(taskId: string): Task | undefined;
  /** Applies the change, also to an ended task. */
  change(taskId: string, change: (task: Task) => Task): void;
  /** Applies the change unless the task has ended. */
  changeLive(taskId: string, change: (task: Task, now: Date) => Task): void;
  isLive(task: Task): boolean;
  live(): Task[];
  /** The tasks that this user of the application plays now, in the order of their starts. */
  liveOfRobot(robot: Robot): Task[];
  /** In the order of their starts. */
  all(): Task[];
  /** Forgets them all. */
  clear(): void;
}

export interface Robot {
  sdkAppId: number;
  userId: string;
}

/** Gets every added task and every change, also after the task's end. */
export interface TaskListener {
  added(task: Task): void;
  changed(task: Task): void;
}

const DEAF: TaskListener = { added: () => undefined, changed: () => undefined };

export function makeTasks(
  clock: Clock,
  { kept = TASKS_KEPT, listener = DEAF }: { kept?: number; listener?: TaskListener } = {},
): Tasks {
  const tasks = new Map<string, Task>();
  /** The TaskIds of each user that may still be live. A read drops those that have ended. */
  const robots = new Map<string, Set<string>>();

  const isLive = (task: Task): boolean => endOf(task, clock.now()) === undefined;

  const set = (task: Task): void => {
    tasks.set(task.taskId, task);
    listener.changed(task);
  };

  return {
    add(task) {
      tasks.set(task.taskId, task);
      const name = nameOf(task);
      robots.set(name, (robots.get(name) ?? new Set()).add(task.taskId));
      if (tasks.size > kept) forgetOldest();
      listener.added(task);
    },
    find,
    change(taskId, change) {
      const task = find(taskId);
      if (task) set(change(task));
    },
    changeLive(taskId, change) {
      const task = find(taskId);
      if (task && isLive(task)) set(change(task, clock.now()));
    },
    isLive,
    live: () => [...robots.keys()].flatMap(liveNamed),
    liveOfRobot: (robot) => liveNamed(nameOf(robot)),
    all() {
      const now = clock.now();
      return [...tasks.values()].map((task) => asOf(task, now));
    },
    clear() {
      tasks.clear();
      robots.clear();
    },
  };

  function find(taskId: string): Task | undefined {
    const task = tasks.get(taskId);
    return task && asOf(task, clock.now());
  }

  function liveNamed(name: string): Task[] {
    const live: Task[] = [];
    for (const taskId of robots.get(name) ?? []) {
      const task = find(taskId);
      if (task && isLive(task)) live.push(task);
      else forgetRobot(name, taskId);
    }
    return live;
  }

  function forgetRobot(name: string, taskId: string): void {
    const taskIds = robots.get(name);
    taskIds?.delete(taskId);
    if (taskIds?.size === 0) robots.delete(name);
  }

  function forgetOldest(): void {
    for (const task of tasks.values()) {
      if (isLive(task)) continue;
      tasks.delete(task.taskId);
      forgetRobot(nameOf(task), task.taskId);
      return;
    }
  }
}

const nameOf = ({ sdkAppId, userId }: Robot): string => `${sdkAppId} ${userId}`;
