/**
 * The tasks that were ever accepted. Nothing here keeps time: a task that has ended by the clock
 * is found ended when it is looked at, so no timer can be late, and a moved clock just works.
 */
import type { Clock } from "../../shared/clock.js";
import { endOf, type Task } from "./task.js";

/**
 * TRTC forgets a task when it ends; the emulator keeps it for the truth endpoint, but not for
 * ever: at some 1 kB each, so many stay well below the memory of a small machine.
 */
const TASKS_KEPT = 100_000;

export interface Tasks {
  add(task: Task): void;
  find(taskId: string): Task | undefined;
  /** Applies the change, to an ended task as well. */
  change(taskId: string, change: (task: Task) => Task): void;
  /** Applies the change unless the task has ended. */
  changeLive(taskId: string, change: (task: Task, now: Date) => Task): void;
  isLive(task: Task): boolean;
  live(): Task[];
  /** The task that this user of the application plays at this moment. */
  liveOfRobot(robot: Robot): Task | undefined;
  /** In the order of their starts. */
  all(): Task[];
}

export interface Robot {
  sdkAppId: number;
  userId: string;
}

export function makeTasks(clock: Clock, kept = TASKS_KEPT): Tasks {
  const tasks = new Map<string, Task>();
  /** The TaskId of each user's latest task: of a user, only the latest can be live. */
  const robots = new Map<string, string>();

  const isLive = (task: Task): boolean => endOf(task, clock.now()) === undefined;
  const liveTask = (taskId: string | undefined): Task | undefined => {
    const task = taskId === undefined ? undefined : tasks.get(taskId);
    return task && isLive(task) ? task : undefined;
  };

  return {
    add(task) {
      tasks.set(task.taskId, task);
      robots.set(nameOf(task), task.taskId);
      if (tasks.size > kept) forgetOldest();
    },
    find: (taskId) => tasks.get(taskId),
    change(taskId, change) {
      const task = tasks.get(taskId);
      if (task) tasks.set(taskId, change(task));
    },
    changeLive(taskId, change) {
      const task = liveTask(taskId);
      if (task) tasks.set(taskId, change(task, clock.now()));
    },
    isLive,
    live,
    liveOfRobot: (robot) => liveTask(robots.get(nameOf(robot))),
    all: () => [...tasks.values()],
  };

  /** Forgets the robots whose task has ended on the way, so that the next look is short. */
  function live(): Task[] {
    return [...robots].flatMap(([name, taskId]) => {
      const task = liveTask(taskId);
      if (!task) robots.delete(name);
      return task ?? [];
    });
  }

  function forgetOldest(): void {
    for (const task of tasks.values()) {
      if (isLive(task)) continue;
      tasks.delete(task.taskId);
      if (robots.get(nameOf(task)) === task.taskId) robots.delete(nameOf(task));
      return;
    }
  }
}

const nameOf = ({ sdkAppId, userId }: Robot): string => `${sdkAppId} ${userId}`;
