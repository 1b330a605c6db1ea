/** The sources that a robot played before its present one, in a list that the viewer opens. */
import type { RobotView } from "../view.js";
import { element, setText } from "./dom.js";
import { instantText, timeText } from "./labels.js";

export interface PlayedList {
  root: HTMLElement;
  write: (robot: RobotView) => void;
}

export function makePlayedList(): PlayedList {
  const title = element("summary");
  const list = element("ol");
  const root = element("details", { class: "played" }, title, list);
  let shown = "";
  return {
    root,
    write({ playedBefore }) {
      const { count, latest } = playedBefore;
      root.hidden = count === 0;
      const key = latest.map(({ from, source }) => `${from} ${source}`).join("\n");
      if (key === shown) return;
      shown = key;
      setText(title, `Played before (${count})`);
      list.replaceChildren(...latest.map(row));
    },
  };
}

function row({ source, from, until }: RobotView["playedBefore"]["latest"][number]): HTMLElement {
  const when = element("time", { datetime: from }, instantText(from));
  const seconds = (Date.parse(until) - Date.parse(from)) / 1000;
  const address = element("span", { class: "address" }, source);
  return element("li", {}, when, " ", element("span", {}, timeText(seconds)), " ", address);
}
