/**
 * The live list: trouble first. A refresh is one request for each page that is shown, and changes only
 * what has changed.
 */
import { h, pageHeading, setChildren, setHidden, setText } from "../base/dom.js";
import { SECOND_MS } from "../clock.js";
import { choice, field } from "../parts/field.js";
import { troubleOf } from "../parts/trouble.js";
import { type Filter, listIngests } from "../service/ingests.js";
import { remember } from "../service/known.js";
import type { Ingest, Listing } from "../service/types.js";
import { numberText } from "../parts/format.js";
import { label, t } from "../words/words.js";
import { bulkActions } from "./bulk.js";
import { type IngestRow, ingestRow } from "./list-row.js";
import { live, type PageContext } from "./page.js";

const EVERY_MS = 5 * SECOND_MS;

/** The filter stays while the person looks at an ingest and comes back. */
let filter: Filter | undefined;

/** The next person to sign in starts without it. */
export function forgetFilter(): void {
  filter = undefined;
}

export function listPage(context: PageContext): void {
  const { main, session } = context;
  const isOperator = session.kind === "operator";
  const chosen = (filter ??= {
    room: "",
    state: isOperator ? "live" : "running",
    caller: "",
    isTroubled: false,
  });
  const rows = new Map<string, IngestRow>();
  const list = h("ul", {
    class: isOperator ? "ingests" : "ingests own",
    "aria-label": t("list.label"),
  });
  const counts = h("p", { class: "counts" });
  const empty = h("p", { class: "empty", hidden: true }, t("list.empty"));
  const more = h("button", { type: "button", hidden: true, click: showMore }, t("list.more"));
  const { status, follow } = live(context);
  let pages = 1;

  function draw(listing: Listing): void {
    remember(listing.Ingests);
    const shown = troubleFirst(listing.Ingests, chosen.isTroubled);
    const ids = new Set(shown.map(({ ingest }) => ingest.TaskId));
    for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
    const nodes = shown.map(({ ingest, trouble }) => {
      const row = rows.get(ingest.TaskId) ?? ingestRow(ingest.TaskId, isOperator);
      rows.set(ingest.TaskId, row);
      row.show(ingest, trouble);
      return row.node;
    });
    setChildren(list, nodes);
    const troubled = shown.filter(({ trouble }) => trouble !== "").length;
    setText(counts, countsText(listing, shown.length, troubled));
    setHidden(empty, nodes.length > 0);
    const isFocused = document.activeElement === more;
    setHidden(more, listing.NextCursor === null);
    if (isFocused && more.hidden) nodes.at(-1)?.querySelector("a")?.focus();
    bulk?.show(chosen.isTroubled ? listing.Counts?.Troubled : listing.Counts?.Live);
  }

  function showMore(): void {
    pages += 1;
    poll.refresh();
  }

  const again = (): void => {
    pages = 1;
    poll.refresh();
  };
  const bulk = isOperator
    ? bulkActions(context, { filter: chosen, onDone: () => poll.refresh() })
    : undefined;
  const bulkNodes = bulk === undefined ? [] : [bulk.node];
  main.append(
    pageHeading(t("list.title")),
    filterForm(chosen, isOperator, again),
    status.node,
    counts,
    ...bulkNodes,
    list,
    empty,
    more,
  );
  const poll = follow({
    everyMs: EVERY_MS,
    async load() {
      const asked = { ...chosen };
      return { asked, listing: await listIngests(session, asked, pages) };
    },
    onValue({ asked, listing }) {
      // The filter has changed meanwhile, and the list is loaded again.
      if (JSON.stringify(asked) === JSON.stringify(chosen)) draw(listing);
    },
  });
}

function troubleFirst(ingests: readonly Ingest[], onlyTrouble: boolean) {
  const judged = ingests.map((ingest) => ({ ingest, trouble: troubleOf(ingest) }));
  const troubled = judged.filter(({ trouble }) => trouble !== "");
  if (onlyTrouble) return troubled;
  return [...troubled, ...judged.filter(({ trouble }) => trouble === "")];
}

/** An operator's counts are of all that is live, whatever the list shows of it. */
function countsText({ Counts }: Listing, shown: number, troubled: number): string {
  const n = numberText(shown);
  if (Counts === undefined) return t("list.counts", { n, troubled: numberText(troubled) });
  const values = { n: numberText(Counts.Live), troubled: numberText(Counts.Troubled) };
  return `${t("list.live", values)} ${t("list.shown", { n })}`;
}

const CALLER_STATES = ["running", "scheduled", "starting", "stopping", "ended"];
const OPERATOR_STATES = ["live", "ended"];

function filterForm(chosen: Filter, isOperator: boolean, onChange: () => void): HTMLElement {
  const room = h("input", { type: "search", autocomplete: "off", maxlength: "64" });
  room.value = chosen.room;
  const states = (isOperator ? OPERATOR_STATES : CALLER_STATES).map(
    (state) => [state, label("state", state)] as const,
  );
  const any = ["", t("filter.any")] as const;
  const state = choice("state", isOperator ? states : [any, ...states], chosen.state);
  const caller = h("input", { type: "search", autocomplete: "off", maxlength: "128" });
  caller.value = chosen.caller;
  const troubled = h("input", { type: "checkbox" });
  troubled.checked = chosen.isTroubled;
  const read = (): void => {
    chosen.room = room.value.trim();
    chosen.state = state.value;
    chosen.caller = caller.value.trim();
    chosen.isTroubled = troubled.checked;
    onChange();
  };
  const fields = [
    field({ id: "filter-room", label: t("filter.room"), control: room }),
    field({ id: "filter-state", label: t("filter.state"), control: state }),
    ...(isOperator
      ? [field({ id: "filter-caller", label: t("filter.caller"), control: caller })]
      : []),
    field({ id: "filter-trouble", label: t("filter.trouble"), control: troubled }),
  ];
  const submit = (event: Event): void => {
    event.preventDefault();
    read();
  };
  return h(
    "form",
    { class: "filters", role: "search", "aria-label": t("filter.label"), submit, change: read },
    ...fields.map(({ node }) => node),
  );
}
