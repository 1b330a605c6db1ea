/** The page of one room: a card for each playing robot, and a table of earlier ones. */
import type { RobotView, RoomAddress, RoomView } from "../view.js";
import { type Card, makeCard } from "./card.js";
import { elapsedMs, every } from "./clock.js";
import { element, readState, setChildren, setText } from "./dom.js";
import { endedTable } from "./ended-table.js";
import { type Answer, poll } from "./poll.js";
import { makeSound } from "./player/sound.js";
import { roomKindText } from "./labels.js";

const REDRAW_MS = 100;

/** One or two lost answers do not show as a failure. */
const SILENCE_MS = 2500;

const { room, view: firstView } = readState() as { room: RoomAddress; view: RoomView };

const cards = new Map<string, Card>();
let view = firstView;
let lastSeenAtMs = elapsedMs();

const sound = makeSound(redraw);
const about = element("p", { class: "about" });
const connection = element("span", { class: "connection", role: "status" });
const stages = element("div", { class: "stages" });
const empty = element("div", { class: "empty stage" });
const earlier = endedTable();
const main = element("main", {}, stages, earlier.root);
const bar = element(
  "header",
  { class: "top" },
  element("a", { href: "/", class: "back" }, "Rooms"),
);
bar.append(element("div", { class: "name" }, element("h1", {}, room.roomId), about));
bar.append(connection, sound.button);
document.body.append(bar, main);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "m") sound.toggle();
  if (event.key === "f") toggleFullScreen();
});

function toggleFullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else stages.querySelector<HTMLButtonElement>("button.corner:not([hidden])")?.click();
}

function hear(answer: Answer<RoomView> | undefined): void {
  if (!answer) return;
  view = answer.view;
  lastSeenAtMs = elapsedMs();
  show(answer.atMs);
}

function show(atMs: number): void {
  const staged = stagedRobots();
  for (const robot of staged) {
    const card = cards.get(robot.taskId) ?? makeCard(robot, atMs);
    cards.set(robot.taskId, card);
    card.update(robot, atMs);
  }
  for (const taskId of [...cards.keys()]) {
    if (staged.some((robot) => robot.taskId === taskId)) continue;
    cards.get(taskId)?.close();
    cards.delete(taskId);
  }
  earlier.show(view.ended.filter(({ taskId }) => !cards.has(taskId)));
  // The sound button is hidden while nothing plays.
  sound.button.hidden = view.live.length === 0;
  showPlace();
  redraw();
  const shown = [...cards.values()].map((card) => card.root);
  setChildren(stages, shown.length === 0 ? [empty] : shown);
  stages.dataset["count"] = String(shown.length);
}

/**
 * The robots that play. An ended one stays visible, dark, until another begins. In a room where
 * nothing plays, the last one stays visible.
 */
function stagedRobots(): RobotView[] {
  const { live, ended } = view;
  const isNew = live.some(({ taskId }) => !cards.has(taskId));
  const stay = isNew ? [] : ended.filter(({ taskId }) => cards.has(taskId));
  const staged = [...live, ...stay];
  if (staged.length === 0) return ended.slice(0, 1);
  const places = [...cards.keys()];
  const place = ({ taskId }: RobotView): number => {
    const at = places.indexOf(taskId);
    return at < 0 ? places.length : at;
  };
  return staged.sort((one, other) => place(one) - place(other));
}

function showPlace(): void {
  const { sdkAppId, applications } = view;
  const kind = roomKindText(room.roomIdType);
  setText(about, sdkAppId === null ? kind : `${kind} of application ${sdkAppId}`);
  if (sdkAppId !== null || applications.length === 0) {
    setText(empty, "Nothing has played here yet. A picture appears when a robot enters.");
  } else if (empty.querySelectorAll("a").length !== applications.length) {
    const links = applications.map((id) =>
      element("a", { href: `?sdkAppId=${id}` }, `Application ${id}`),
    );
    empty.replaceChildren("Several applications have a room with this name.", ...links);
  }
}

function redraw(): void {
  const isConnected = elapsedMs() - lastSeenAtMs < SILENCE_MS;
  setText(connection, isConnected ? "" : "Reconnecting…");
  for (const card of cards.values()) card.redraw(sound, isConnected);
}

show(elapsedMs());
every(REDRAW_MS, redraw);
const query = room.sdkAppId === undefined ? "" : `?sdkAppId=${room.sdkAppId}`;
const id = encodeURIComponent(room.roomId);
void poll<RoomView>(`/_emulator/rooms/${room.roomIdType}/${id}${query}`, hear);
