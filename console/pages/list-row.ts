/** One ingest of the list. A refresh writes only the texts that have changed. */
import { h, setClass, setText, showText } from "../base/dom.js";
import { hrefOf } from "../base/route.js";
import { momentText, moneyText } from "../parts/format.js";
import type { Ingest } from "../service/types.js";
import { label, t } from "../words/words.js";

export interface IngestRow {
  node: HTMLLIElement;
  show: (ingest: Ingest, trouble: string) => void;
}

export function ingestRow(taskId: string, isOperator: boolean): IngestRow {
  const link = h("a", { href: hrefOf("ingests", taskId), class: "room" });
  const state = h("span", { class: "badge" });
  const source = h("span", { class: "source" });
  const caller = h("span", { class: "caller", hidden: !isOperator });
  const end = h("span", { class: "end" });
  const cost = h("span", { class: "cost" });
  const problem = h("span", { class: "trouble" });
  const node = h("li", {}, state, link, source, caller, end, cost, problem);
  return {
    node,
    show(ingest, trouble) {
      setText(link, ingest.RoomId);
      setText(state, stateText(ingest));
      setClass(state, `badge ${trouble === "" ? ingest.State : "troubled"}`);
      setText(source, ingest.Item?.Title ?? shortUrl(ingest.StreamUrl));
      setText(caller, ingest.CallerId ?? ingest.Caller);
      setText(end, endText(ingest));
      setText(cost, moneyText(ingest.Cost.Usd));
      showText(problem, trouble);
    },
  };
}

export function stateText({ State, IsPaused, EndReason }: Ingest): string {
  if (State === "ended" && EndReason !== null) return label("reason", EndReason);
  return State === "running" && IsPaused ? t("state.paused") : label("state", State);
}

function endText({ State, EndTime, Deadline, StartTime }: Ingest): string {
  if (EndTime !== null) return t("list.ended", { at: momentText(EndTime) });
  if (State === "scheduled" && StartTime !== null) {
    return t("list.starts", { at: momentText(StartTime) });
  }
  return t("list.ends", { at: momentText(Deadline) });
}

/** Without its query, which may hold a key of the source. */
export const shortUrl = (url: string): string => url.replace(/[?#].*$/s, "…");
