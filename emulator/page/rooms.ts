/** The rooms that a robot plays in or has played in. */
import { endOf } from "../tasks/life.js";
import type { Task } from "../tasks/task.js";
import type { World } from "../world.js";
import { robotView } from "./robot-view.js";
import { roomPath } from "./room-address.js";
import type { RobotView, RoomAddress, RoomSummary, RoomsView, RoomView } from "./view.js";

/** The page shows this many. `/_emulator/tasks` has all. */
const ROOMS_SHOWN = 100;
const LIVE_SHOWN = 16;
const ENDED_SHOWN = 10;

export function roomView({ tasks, clock }: World, address: RoomAddress): RoomView {
  const now = clock.now();
  const { sdkAppId, roomId, roomIdType } = address;
  const inRoom = tasks
    .all()
    .filter((task) => task.roomId === roomId && task.roomIdType === roomIdType);
  const applications = [...new Set(inRoom.map((task) => task.sdkAppId))].sort((a, b) => a - b);
  const [only = null, ...others] = applications;
  const meant = sdkAppId ?? (others.length === 0 ? only : null);
  const robots = robotsOf(
    inRoom.filter((task) => task.sdkAppId === meant),
    now,
  );
  return { at: now.toISOString(), sdkAppId: meant, applications, ...robots };
}

export function roomsView({ tasks, clock }: World): RoomsView {
  const now = clock.now();
  const byRoom = new Map<string, Task[]>();
  for (const task of tasks.all()) {
    const name = JSON.stringify([task.sdkAppId, task.roomIdType, task.roomId]);
    const room = byRoom.get(name) ?? [];
    room.push(task);
    byRoom.set(name, room);
  }
  const newestFirst = [...byRoom.values()].sort((one, other) => startOf(other) - startOf(one));
  const isLive = (room: Task[]): boolean => room.some((task) => !endOf(task, now));
  const rooms = [...newestFirst.filter(isLive), ...newestFirst.filter((room) => !isLive(room))];
  return {
    at: now.toISOString(),
    rooms: rooms.slice(0, ROOMS_SHOWN).flatMap((room) => summaryOf(room, now)),
    hidden: Math.max(0, rooms.length - ROOMS_SHOWN),
  };
}

const startOf = (room: Task[]): number => room.at(-1)?.startedAt.getTime() ?? 0;

function summaryOf(room: Task[], now: Date): RoomSummary[] {
  const [task] = room;
  if (!task) return [];
  const { sdkAppId, roomId, roomIdType } = task;
  const href = roomPath({ sdkAppId, roomId, roomIdType });
  const { live, ended } = robotsOf(room, now);
  return [{ sdkAppId, roomId, roomIdType, href, live: live.map(brief), ended: ended.map(brief) }];
}

/** Only a room's own page shows what its robots played before. */
const brief = (robot: RobotView): RobotView => ({
  ...robot,
  playedBefore: { ...robot.playedBefore, latest: [] },
});

/** Live robots in the order of their starts, so that their places stay. Ended ones newest first. */
function robotsOf(tasks: Task[], now: Date): { live: RobotView[]; ended: RobotView[] } {
  const ends = tasks.map((task) => ({ task, endMs: endOf(task, now)?.at.getTime() }));
  const live = ends.filter(({ endMs }) => endMs === undefined).slice(0, LIVE_SHOWN);
  const ended = ends
    .filter(({ endMs }) => endMs !== undefined)
    .sort((one, other) => (other.endMs ?? 0) - (one.endMs ?? 0))
    .slice(0, ENDED_SHOWN);
  const view = ({ task }: { task: Task }): RobotView => robotView(task, now);
  return { live: live.map(view), ended: ended.map(view) };
}
