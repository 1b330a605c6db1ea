/** One robot on the page: its picture, its position and its facts. */
import type { RobotView } from "../view.js";
import { elapsedMs } from "./clock.js";
import { element, setText } from "./dom.js";
import { makeFacts } from "./facts.js";
import { headAfter } from "./player/follow.js";
import { makePlayedList } from "./played-list.js";
import { makeProgrammeLine } from "./programme-line.js";
import { makeScreen } from "./player/screen.js";
import type { Sound } from "./player/sound.js";
import { veilOf } from "./player/veil.js";
import { isDead, lengthText, stateText, timeText } from "./labels.js";

export interface Card {
  root: HTMLElement;
  video: HTMLVideoElement;
  /** New data of its task, and when it was true on this page's clock. */
  update: (robot: RobotView, atMs: number) => void;
  /** Moves the display on to this instant. Call it often. */
  redraw: (sound: Sound, isConnected: boolean) => void;
  /** Releases its source. */
  close: () => void;
}

export function makeCard(first: RobotView, firstAtMs: number): Card {
  let robot = first;
  let readAtMs = firstAtMs;
  const video = element("video", { playsinline: "", muted: "", preload: "auto", tabindex: "-1" });
  video.muted = true;
  const screen = makeScreen(video);
  const veilTitle = element("strong");
  const veilText = element("span");
  const full = element("button", { type: "button", class: "corner", "aria-keyshortcuts": "f" });
  full.append("Full screen");
  const stage = element("div", { class: "stage" }, video);
  stage.append(element("div", { class: "veil" }, veilTitle, veilText), full);
  full.addEventListener("click", () => void stage.requestFullscreen().catch(() => undefined));

  const name = element("h2");
  const state = element("span", { class: "pill", role: "status" });
  const now = element("span", { class: "now" });
  const total = element("span", { class: "total" });
  const done = element("div", { class: "done" });
  const bar = element("div", { class: "bar", role: "progressbar", "aria-label": "Position" }, done);
  const facts = makeFacts();
  const played = makePlayedList();
  const programme = makeProgrammeLine();
  const root = element("article", { class: "card" }, stage);
  root.append(element("header", {}, name, state, programme.root));
  root.append(element("div", { class: "time" }, now, bar, total), ...facts.roots, played.root);

  function writeVeil(isConnected: boolean): void {
    const [title, text] = veilOf(robot, { isConnected, isBroken: screen.isBroken() });
    setText(veilTitle, title);
    setText(veilText, text);
    root.classList.toggle("veiled", title !== "");
  }

  return {
    root,
    video,
    close: () => screen.show(undefined, { positionSeconds: 0, loops: 0 }),
    update(next, atMs) {
      robot = next;
      readAtMs = atMs;
    },
    redraw(sound, isConnected) {
      const elapsedSeconds = robot.ended ? 0 : (elapsedMs() - readAtMs) / 1000;
      const head = headAfter(robot, elapsedSeconds);
      root.dataset["state"] = robot.state;
      setText(name, robot.userId);
      root.classList.toggle("dead", isDead(robot));
      setText(state, stateText(robot));
      setText(now, timeText(head.positionSeconds));
      setText(total, lengthText(robot));
      // A source without a length has no progress bar.
      done.hidden = robot.durationSeconds === null;
      bar.classList.toggle("bare", robot.durationSeconds === null);
      const share =
        robot.durationSeconds === null ? 0 : head.positionSeconds / robot.durationSeconds;
      done.style.transform = `scaleX(${Math.min(1, share)})`;
      bar.setAttribute("aria-valuetext", `${now.textContent} of ${total.textContent}`);
      facts.write(robot, elapsedSeconds, head.loops);
      played.write(robot);
      programme.write(robot, elapsedSeconds);
      writeVeil(isConnected);
      video.volume = Math.min(1, robot.volume / 100);
      video.muted = !sound.isOn();
      // The frame takes the shape of its picture, which avoids black bars.
      if (video.videoHeight > 0) {
        stage.style.setProperty("--ratio", String(video.videoWidth / video.videoHeight));
      }
      const isSoundOnly = video.readyState > 0 && video.videoWidth === 0;
      root.classList.toggle("sound-only", isSoundOnly);
      full.hidden = robot.media === null;
      screen.show(isConnected ? robot : pausedHere(robot), head);
    },
  };
}

/** While the emulator does not answer, the position is unknown, so it stands still. */
const pausedHere = (robot: RobotView): RobotView =>
  robot.state === "playing" ? { ...robot, state: "paused" } : robot;
