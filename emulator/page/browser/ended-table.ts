/** A short table of the tasks that have ended. */
import type { RobotView } from "../view.js";
import { element } from "./dom.js";
import { endReasonText, instantText, isDead, sentenceOf, timeText } from "./labels.js";

export interface EndedTable {
  root: HTMLElement;
  show: (robots: readonly RobotView[]) => void;
}

export function endedTable(): EndedTable {
  const body = element("tbody");
  const head = element("tr");
  for (const title of ["Robot", "End", "Played", "When"]) {
    head.append(element("th", { scope: "col" }, title));
  }
  const table = element("table", {}, element("thead", {}, head), body);
  const root = element("section", { class: "earlier" }, element("h2", {}, "Earlier"), table);
  let shown = "";
  return {
    root,
    show(robots) {
      root.hidden = robots.length === 0;
      const key = robots.map((robot) => `${robot.taskId} ${whyOf(robot)}`).join("\n");
      if (key === shown) return;
      shown = key;
      body.replaceChildren(...robots.map(row));
    },
  };
}

function row(robot: RobotView): HTMLElement {
  const { userId, ended, loops, positionSeconds } = robot;
  const rounds = loops > 0 ? `${loops} ${loops === 1 ? "round" : "rounds"}` : "";
  const played = rounds === "" ? timeText(positionSeconds) : rounds;
  const end = element("td", {}, ended ? endReasonText(ended.reason) : "");
  const why = whyOf(robot);
  if (why !== "") end.append(element("span", { class: "why" }, why));
  const when = ended ? element("time", { datetime: ended.at }, instantText(ended.at)) : "";
  const tr = element("tr");
  tr.append(element("td", {}, userId), end, element("td", {}, played), element("td", {}, when));
  return tr;
}

function whyOf(robot: RobotView): string {
  const failure = isDead(robot) ? sentenceOf(robot.sourceFailure) : "";
  return `${failure} ${sentenceOf(robot.ingest?.endDetail)}`.trim();
}
