/** One ingest: its facts, what is on air, what it costs, its timeline, and what a person can do. */
import { SECOND_MS } from "../clock.js";
import { h, pageHeading, setChildren, setText, showText } from "../base/dom.js";
import { hrefOf } from "../base/route.js";
import { failureText } from "../parts/announce.js";
import { troubleOf } from "../parts/trouble.js";
import { CallError } from "../service/call.js";
import { describeIngest, readIngest } from "../service/ingests.js";
import { knownIngest } from "../service/known.js";
import type { Ingest } from "../service/types.js";
import { t } from "../words/words.js";
import { ingestActions } from "./ingest-actions.js";
import { factRows } from "./ingest-facts.js";
import { live, type PageContext } from "./page.js";
import { timelineList } from "./timeline.js";

const EVERY_MS = 5 * SECOND_MS;

export function ingestPage(context: PageContext, taskId: string): void {
  const { main, session, left } = context;
  const heading = pageHeading(t("ingest.title"));
  const trouble = h("p", { class: "problem", hidden: true });
  const missing = h("p", { class: "problem", role: "alert", hidden: true });
  const facts = h("dl", { class: "facts" });
  const rows = new Map<string, { name: HTMLElement; value: HTMLElement }>();
  const timeline = timelineList(session, taskId);
  const { status, follow } = live(context);
  let latest: Ingest | undefined;

  const actions = ingestActions(context, {
    taskId,
    latest: () => latest,
    onDone: () => poll.refresh(),
  });

  function draw(ingest: Ingest): void {
    latest = ingest;
    setText(heading, t("ingest.of", { room: ingest.RoomId }));
    showText(trouble, troubleOf(ingest));
    const shown = factRows(ingest).map(([name, value]) => {
      const row = rows.get(name) ?? { name: h("dt", {}, name), value: h("dd") };
      rows.set(name, row);
      setText(row.value, value);
      return row;
    });
    setChildren(
      facts,
      shown.flatMap(({ name, value }) => [name, value]),
    );
    actions.show(ingest);
  }

  main.append(
    h("p", {}, h("a", { href: hrefOf("ingests") }, t("ingest.back"))),
    heading,
    status.node,
    missing,
    trouble,
    actions.node,
    h(
      "section",
      { class: "card", "aria-labelledby": "facts" },
      h("h2", { id: "facts" }, t("ingest.facts")),
      facts,
    ),
    h(
      "section",
      { class: "card", "aria-labelledby": "timeline" },
      h("h2", { id: "timeline" }, t("ingest.timeline")),
      timeline.node,
    ),
  );
  const known = knownIngest(taskId);
  if (known !== undefined) draw(known);
  let isFirst = true;

  /** TRTC is asked when the page opens and when the person asks. Its slots are for changes. */
  async function loadIngest(isAsked: boolean): Promise<void> {
    const isFresh = latest !== undefined && !isFirst && !isAsked;
    isFirst = false;
    const row = isFresh ? readIngest(session, latest as Ingest) : describeIngest(session, taskId);
    const ingest = await row;
    if (!left.aborted) draw(ingest);
  }

  const poll = follow({
    everyMs: EVERY_MS,
    // Each part is shown when it arrives: TRTC may answer late, and the timeline may be long.
    load: (isAsked) => allOf([loadIngest(isAsked), timeline.load()]),
    onValue: () => undefined,
    onState({ error }) {
      showText(missing, isRefused(error) ? failureText(error) : "");
    },
  });
}

/** Waits for all of them, so that no late one meets the next load. Rejects with the first failure. */
async function allOf(parts: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(parts);
  await Promise.all(parts);
}

const isRefused = (error: unknown): boolean =>
  error instanceof CallError && error.failure === "refused";
