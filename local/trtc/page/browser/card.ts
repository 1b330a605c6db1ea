/** One robot on the page: its picture, where it is, and every fact about it. */
import type { RobotView } from "../view.js";
import { elapsedMs } from "./clock.js";
import { element, setText } from "./dom.js";
import { headAfter } from "./follow.js";
import { makeScreen } from "./screen.js";
import type { Sound } from "./sound.js";
import {
  countdownText,
  endReasonText,
  endsByText,
  instantText,
  lengthText,
  stateText,
  timeText,
} from "./words.js";

export interface Card {
  root: HTMLElement;
  video: HTMLVideoElement;
  /** News of its task, and when it was true on this page's clock. */
  update: (robot: RobotView, atMs: number) => void;
  /** To be called often: moves everything on to this instant. */
  tick: (sound: Sound, isConnected: boolean) => void;
  /** Lets go of its source. */
  close: () => void;
}

const FACTS = [
  "Round",
  "Ends in",
  "Volume",
  "Tempo",
  "Source",
  "Started",
  "Task",
  "Ingest",
] as const;

type Fact = (typeof FACTS)[number];

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
  const facts = new Map<Fact, HTMLElement>(FACTS.map((fact) => [fact, element("dd")]));
  /** Named after what will end it. */
  const endsIn = element("dt");
  const list = element("dl", { class: "facts" });
  for (const [fact, value] of facts) {
    const isWide = ["Source", "Task", "Ingest"].includes(fact);
    const attributes = { class: isWide ? "wide" : "" };
    const term = fact === "Ends in" ? endsIn : element("dt", {}, fact);
    list.append(element("div", attributes, term, value));
  }
  const root = element("article", { class: "card" }, stage);
  root.append(element("header", {}, name, state));
  root.append(element("div", { class: "time" }, now, bar, total), list);

  const write = (fact: Fact, text: string): void => {
    const value = facts.get(fact);
    if (value) setText(value, text);
  };

  function writeFacts(elapsedSeconds: number, loops: number): void {
    const { rounds, volume, tempo, endsBy, ended, durationSeconds } = robot;
    const round = ended?.reason === "finished" ? loops : loops + 1;
    const length = lengthText(robot);
    write("Round", durationSeconds === null ? length : `${round} of ${rounds ?? "∞"}`);
    const never = ended || length !== "live" ? "—" : "No end of its own";
    write("Ends in", endsBy ? countdownText(endsBy.inSeconds - elapsedSeconds) : never);
    setText(endsIn, endsBy ? endsByText(endsBy.reason) : "Ends in");
    write("Volume", volume > 100 ? `${volume} % (heard as 100 %)` : `${volume} %`);
    write("Tempo", `${tempo}×`);
    write("Source", robot.source);
    write("Started", instantText(robot.startedAt));
    write("Task", robot.taskId);
    const { ingest } = robot;
    const until = ingest && `until ${instantText(ingest.deadline)}`;
    const end = ingest?.endReason ? `ended as ${ingest.endReason}` : until;
    write("Ingest", ingest ? `${ingest.taskId}, ${end ?? ""}` : "—");
  }

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
    tick(sound, isConnected) {
      const elapsedSeconds = robot.ended ? 0 : (elapsedMs() - readAtMs) / 1000;
      const head = headAfter(robot, elapsedSeconds);
      root.dataset["state"] = robot.state;
      setText(name, robot.userId);
      setText(state, stateText(robot.state));
      setText(now, timeText(head.positionSeconds));
      setText(total, lengthText(robot));
      // A source without a length has no track to be anywhere on.
      done.hidden = robot.durationSeconds === null;
      bar.classList.toggle("bare", robot.durationSeconds === null);
      const share =
        robot.durationSeconds === null ? 0 : head.positionSeconds / robot.durationSeconds;
      done.style.transform = `scaleX(${Math.min(1, share)})`;
      bar.setAttribute("aria-valuetext", `${now.textContent} of ${total.textContent}`);
      writeFacts(elapsedSeconds, head.loops);
      writeVeil(isConnected);
      video.volume = Math.min(1, robot.volume / 100);
      video.muted = !sound.isOn();
      const isSoundOnly = video.readyState > 0 && video.videoWidth === 0;
      root.classList.toggle("sound-only", isSoundOnly);
      full.hidden = robot.media === null;
      screen.show(isConnected ? robot : pausedHere(robot), head);
    },
  };
}

/** Nobody knows what plays while the emulator cannot be asked; it is not made up. */
const pausedHere = (robot: RobotView): RobotView =>
  robot.state === "playing" ? { ...robot, state: "paused" } : robot;

/** What is written over the picture, when there is none to see. */
function veilOf(
  robot: RobotView,
  { isConnected, isBroken }: { isConnected: boolean; isBroken: boolean },
): [title: string, text: string] {
  const { ended, state, media } = robot;
  if (ended) return [endReasonText(ended.reason), instantText(ended.at)];
  if (!isConnected) return ["No answer from the emulator", "The page goes on when it is back."];
  if (media?.format === "none") {
    return ["RTMP", "No browser plays it. The rest is what the emulator knows of it."];
  }
  if (state === "opening") return ["Opening the source", ""];
  if (state === "failing") return ["The source cannot be opened", "TRTC tries again in a moment."];
  if (isBroken) return ["This browser cannot play the source", "It tries again every few seconds."];
  return ["", ""];
}
