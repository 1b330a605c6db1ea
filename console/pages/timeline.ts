/** What happened to an ingest, the newest first. Only the last page of events is loaded again. */
import { h } from "../base/dom.js";
import { instantText } from "../parts/format.js";
import { describeTimeline } from "../service/ingests.js";
import type { Session } from "../service/session.js";
import type { TimelineEvent } from "../service/types.js";
import { label, t } from "../words/words.js";

const LIMIT = 100;

/** One load reads 5,000 events at most. The next load goes on from there. */
const PAGES_MAX = 50;

export function timelineList(session: Session, taskId: string) {
  const node = h("ol", { class: "timeline" });
  const shown = new Set<number>();
  let cursor: string | undefined;

  async function load(): Promise<void> {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const body = { TaskId: taskId, Limit: LIMIT };
      const answer = await describeTimeline(
        session,
        cursor === undefined ? body : { ...body, Cursor: cursor },
      );
      for (const event of answer.Events) add(event);
      if (answer.NextCursor === null) return;
      cursor = answer.NextCursor;
    }
  }

  function add(event: TimelineEvent): void {
    if (shown.has(event.Sequence)) return;
    shown.add(event.Sequence);
    node.prepend(eventItem(event));
  }

  return { node, load };
}

function eventItem({ Time, Type, Actor, Before, After }: TimelineEvent): HTMLLIElement {
  const names = [...new Set([...Object.keys(Before), ...Object.keys(After)])];
  const changes = names.map((name) => h("li", {}, changeText(name, Before[name], After[name])));
  const actor = Actor === null ? "" : `${label("actor", Actor.Kind)} ${Actor.Id}`;
  return h(
    "li",
    {},
    h(
      "p",
      {},
      h("time", { datetime: Time }, instantText(Time)),
      " ",
      h("strong", {}, label("event", Type)),
      " ",
      h("span", { class: "quiet" }, actor),
    ),
    changes.length === 0 ? undefined : changesNode(changes),
  );
}

/** The first event of an ingest has every fact, so long lists are folded. */
function changesNode(changes: HTMLElement[]): HTMLElement {
  const list = h("ul", { class: "changes" }, ...changes);
  if (changes.length <= 4) return list;
  return h("details", {}, h("summary", {}, t("timeline.facts", { n: changes.length })), list);
}

function changeText(name: string, before: unknown, after: unknown): string {
  const isFirst = before === undefined || before === null;
  return isFirst
    ? `${name}: ${valueText(after)}`
    : `${name}: ${valueText(before)} → ${valueText(after)}`;
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
