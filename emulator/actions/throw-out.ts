/**
 * Removes robots from their room, one by one or all at once. TRTC does not document whether this
 * ends their tasks or the robots reconnect, so a switch decides. The emulator knows no users except
 * robots: a room without a robot does not exist.
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
