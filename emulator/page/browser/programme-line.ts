/** Where a robot is in its list: `Item 2 of 5 · Talk · 0:12 of 1:30 · next: Panel at 14:30:00`. */
import type { ProgrammeView, RobotView } from "../view.js";
import { element, setText } from "./dom.js";
import { countdownText, momentText } from "./labels.js";

export interface ProgrammeLine {
  root: HTMLElement;
  write: (robot: RobotView, elapsedSeconds: number) => void;
}

export function makeProgrammeLine(): ProgrammeLine {
  const [place, times, follows] = [element("span"), element("span"), element("span")];
  // Right-to-left letters of a title must not reorder the text beside it.
  const [title, nextTitle] = [element("bdi"), element("bdi")];
  const root = element("p", { class: "programme" }, place, title, times, nextTitle, follows);
  return {
    root,
    write(robot, elapsedSeconds) {
      const programme = robot.ingest?.programme ?? null;
      root.hidden = programme === null;
      if (programme === null) return;
      const { item, next } = programme;
      const sinceSeconds = robot.state === "paused" ? 0 : elapsedSeconds;
      setText(place, item ? `Item ${item.number} of ${item.count} · ` : "The list is over");
      setText(title, item?.name ?? "");
      setText(times, timesText(item, sinceSeconds) + (next ? " · next: " : ""));
      setText(nextTitle, next?.name ?? "");
      setText(follows, startText(programme) + sourceText(programme));
    },
  };
}

function timesText(item: ProgrammeView["item"], sinceSeconds: number): string {
  if (!item) return "";
  const { lengthSeconds } = item;
  const passed = Math.min(item.passedSeconds + sinceSeconds, lengthSeconds ?? Infinity);
  // Full seconds only: an item is not over before its end.
  const passedText = countdownText(Math.floor(passed));
  return ` · ${passedText}${lengthSeconds === null ? "" : ` of ${countdownText(lengthSeconds)}`}`;
}

function startText({ item, next }: ProgrammeView): string {
  if (!next?.startsAt) return "";
  const inSeconds = (item?.lengthSeconds ?? 0) - (item?.passedSeconds ?? 0);
  return ` at ${momentText(next.startsAt, inSeconds)}`;
}

const sourceText = ({ source }: ProgrammeView): string =>
  source === "primary" ? "" : ` · ${source} plays`;
