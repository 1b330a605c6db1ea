/**
 * Robots that are thrown out of their room, one by one or with it. Whether that ends their tasks, or
 * whether they come back as they would after a lost connection, is undocumented, so it is a switch.
 * The emulator knows of no users but robots: a room that no robot plays in does not exist.
 */
import { refusal } from "../api/refusal.js";
import { isSameRoom, type Room } from "../tasks/rooms.js";
import { endTask, type Task } from "../tasks/task.js";
import type { ActionContext } from "./context.js";

/** Throws FailedOperation.RoomNotExist. */
export function requireRobots({ tasks }: ActionContext, room: Room): Task[] {
  const robots = tasks.live().filter((task) => isSameRoom(task, room));
  if (robots.length === 0) throw refusal("FailedOperation.RoomNotExist");
  return robots;
}

export function throwOut(
  { tasks, switches, announcer }: ActionContext,
  robots: readonly Task[],
  why: "robot-removed" | "room-dismissed",
): void {
  if (!switches.removedRobotEndsTask) {
    announcer.cameBack(robots, why);
    return;
  }
  for (const { taskId } of robots) {
    tasks.changeLive(taskId, (task, now) => endTask(task, why, now));
  }
}
