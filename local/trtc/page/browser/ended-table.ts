/** What has ended, as a short table. */
import type { RobotView } from "../view.js";
import { element } from "./dom.js";
import { endReasonText, instantText, timeText } from "./words.js";

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
      const key = robots.map(({ taskId }) => taskId).join(" ");
      if (key === shown) return;
      shown = key;
      body.replaceChildren(...robots.map(row));
    },
  };
}

function row({ userId, ended, loops, positionSeconds }: RobotView): HTMLElement {
  const rounds = loops > 0 ? `${loops} ${loops === 1 ? "round" : "rounds"}` : "";
  const played = rounds === "" ? timeText(positionSeconds) : rounds;
  const cells = [userId, ended ? endReasonText(ended.reason) : "", played];
  const when = ended ? element("time", { datetime: ended.at }, instantText(ended.at)) : "";
  const tr = element("tr");
  for (const text of cells) tr.append(element("td", {}, text));
  tr.append(element("td", {}, when));
  return tr;
}
