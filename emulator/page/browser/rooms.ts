/** The list of rooms: rooms with a playing robot first, then dark rooms. */
import type { RobotView, RoomsView, RoomSummary } from "../view.js";
import { elapsedMs, every } from "./clock.js";
import { element, readState, setChildren, setText } from "./dom.js";
import { headAfter } from "./player/follow.js";
import { type Answer, poll } from "./poll.js";
import {
  endReasonText,
  instantText,
  isDead,
  lengthText,
  roomKindText,
  stateText,
  timeText,
} from "./labels.js";

const REDRAW_MS = 200;
const SILENCE_MS = 2500;

interface Line {
  root: HTMLElement;
  update: (robot: RobotView) => void;
  redraw: (elapsedSeconds: number) => void;
}

interface Entry {
  root: HTMLElement;
  update: (room: RoomSummary) => void;
  redraw: (elapsedSeconds: number) => void;
}

const entries = new Map<string, Entry>();
let answered: Answer<RoomsView> = { view: readState() as RoomsView, atMs: elapsedMs() };
let lastSeenAtMs = elapsedMs();

const connection = element("span", { class: "connection", role: "status" });
const empty = element(
  "div",
  { class: "empty" },
  "Rooms appear here when StartStreamIngest puts a robot into one.",
);
const live = element("div", { class: "rooms" });
const dark = element("div", { class: "rooms" });
const liveSection = element("section", {}, element("h2", {}, "Playing"), live);
const darkSection = element("section", {}, element("h2", {}, "Ended"), dark);
const hidden = element("p", { class: "about" });
const name = element("div", { class: "name" }, element("h1", {}, "Rooms"));
name.append(element("p", { class: "about" }, "TRTC emulator"));
document.body.append(element("header", { class: "top" }, name, connection));
document.body.append(element("main", {}, liveSection, darkSection, empty, hidden));

function show(): void {
  const { rooms, hidden: more } = answered.view;
  for (const room of rooms) {
    const entry = entries.get(room.href) ?? makeEntry(room);
    entries.set(room.href, entry);
    entry.update(room);
  }
  const rootOf = ({ href }: RoomSummary): HTMLElement[] => {
    const root = entries.get(href)?.root;
    return root ? [root] : [];
  };
  const isLive = (room: RoomSummary): boolean => room.live.length > 0;
  setChildren(live, rooms.filter(isLive).flatMap(rootOf));
  setChildren(dark, rooms.filter((room) => !isLive(room)).flatMap(rootOf));
  for (const href of [...entries.keys()]) {
    if (!rooms.some((room) => room.href === href)) entries.delete(href);
  }
  empty.hidden = rooms.length > 0;
  liveSection.hidden = live.childElementCount === 0;
  darkSection.hidden = dark.childElementCount === 0;
  hidden.hidden = more === 0;
  setText(hidden, `${more} more rooms are in /_emulator/tasks.`);
  redraw();
}

function makeEntry({ href, roomId, roomIdType, sdkAppId }: RoomSummary): Entry {
  const list = element("ul");
  const where = `${roomKindText(roomIdType)} of application ${sdkAppId}`;
  const title = element("h3", {}, roomId);
  const root = element(
    "a",
    { class: "room", href },
    title,
    element("p", { class: "about" }, where),
  );
  root.append(list);
  let lines: Line[] = [];
  let shown = "";
  return {
    root,
    update(room) {
      const isDark = room.live.length === 0;
      root.dataset["state"] = isDark ? "ended" : "playing";
      const robots = isDark ? room.ended.slice(0, 1) : room.live;
      const key = robots.map(({ taskId }) => taskId).join(" ");
      if (key !== shown) {
        lines = robots.map(makeLine);
        list.replaceChildren(...lines.map((line) => line.root));
      }
      shown = key;
      robots.forEach((robot, at) => lines[at]?.update(robot));
    },
    redraw: (elapsedSeconds) => lines.forEach((line) => line.redraw(elapsedSeconds)),
  };
}

function makeLine(first: RobotView): Line {
  let robot = first;
  const where = element("span", { class: "where" });
  const pill = element("span", { class: "pill" });
  const root = element("li", {}, element("span", { class: "who" }, first.userId), where, pill);
  return {
    root,
    update(next) {
      robot = next;
      root.dataset["state"] = robot.state;
      root.classList.toggle("dead", isDead(robot));
      setText(pill, stateText(robot));
    },
    redraw: (elapsedSeconds) => setText(where, whereText(robot, elapsedSeconds)),
  };
}

function whereText(robot: RobotView, elapsedSeconds: number): string {
  const { ended, durationSeconds, sourceFailure } = robot;
  if (ended) {
    const why = isDead(robot) && sourceFailure !== null ? ` (${sourceFailure})` : "";
    return `${endReasonText(ended.reason)}${why}, ${instantText(ended.at)}`;
  }
  const { positionSeconds, loops } = headAfter(robot, elapsedSeconds);
  const head = timeText(positionSeconds);
  if (durationSeconds === null) {
    const length = lengthText(robot);
    return length === "live" ? `live for ${head}` : length;
  }
  return `${head} / ${timeText(durationSeconds)}, round ${loops + 1}`;
}

function redraw(): void {
  setText(connection, elapsedMs() - lastSeenAtMs < SILENCE_MS ? "" : "Reconnecting…");
  const elapsedSeconds = Math.min(SILENCE_MS, elapsedMs() - answered.atMs) / 1000;
  for (const entry of entries.values()) entry.redraw(elapsedSeconds);
}

show();
every(REDRAW_MS, redraw);
void poll<RoomsView>("/_emulator/rooms", (answer) => {
  if (!answer) return;
  answered = answer;
  lastSeenAtMs = elapsedMs();
  show();
});
