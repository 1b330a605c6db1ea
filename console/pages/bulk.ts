/** An operator's buttons for all ingests that the filter selects: of a room, of a caller, or all. */
import { h, setHidden, setText } from "../base/dom.js";
import { setDisabled } from "../base/focus.js";
import { MINUTE_MS, SECOND_MS } from "../clock.js";
import { announce, failureText } from "../parts/announce.js";
import { confirmed } from "../parts/confirm.js";
import { field } from "../parts/field.js";
import { numberText } from "../parts/format.js";
import { allIngests, moveAll, type Outcome, stopAll } from "../service/bulk.js";
import { CallError } from "../service/call.js";
import type { Filter } from "../service/ingests.js";
import { isCurrent } from "../service/session.js";
import type { Ingest } from "../service/types.js";
import { t } from "../words/words.js";
import { handledKey, type PageContext } from "./page.js";

interface BulkOptions {
  filter: Filter;
  onDone: () => void;
}

/** Undefined: the person has changed their mind. */
type Work = (ingests: Ingest[]) => Promise<Outcome | undefined>;

/** MoveIngests takes 30 days at most. */
const MINUTES_MAX = 43_200;
const NAMED = 5;

export function bulkActions(context: PageContext, { filter, onDone }: BulkOptions) {
  const { session, left } = context;
  const failure = h("div", { class: "problem", role: "alert", hidden: true });
  const minutes = h("input", { type: "number", step: "1", required: true });
  minutes.value = "60";
  const minutesField = field({ id: "bulk-minutes", label: t("bulk.minutes"), control: minutes });
  let isBusy = false;

  function say(lines: readonly string[]): void {
    failure.replaceChildren(...lines.map((line) => h("p", {}, line)));
    setHidden(failure, lines.length === 0);
  }

  /** A failure in between leaves results, and says what held up the rest. */
  function showOutcome({ results, failure: thrown }: Outcome, ingests: readonly Ingest[]): void {
    if (!isCurrent(session)) return;
    const failed = results.filter(({ Outcome: outcome }) => outcome === "failed");
    const done = numberText(results.length - failed.length);
    announce(t("bulk.done", { done, n: numberText(ingests.length) }));
    const rooms = new Map(ingests.map(({ TaskId, RoomId }) => [TaskId, RoomId]));
    const lines = failed.map(({ TaskId, Message }) =>
      t("bulk.failed", { room: rooms.get(TaskId) ?? "", message: Message ?? "" }),
    );
    say(thrown === undefined ? lines : [...lines, failureText(thrown)]);
    if (thrown !== undefined) handledKey(CallError.from(thrown), context);
  }

  /** The ingests are those that the person has seen in the question, and no later ones. */
  async function act(work: Work): Promise<void> {
    const ingests = await allIngests(session, filter);
    if (left.aborted) return;
    if (ingests.length === 0) {
      announce(t("list.empty"));
      return;
    }
    const outcome = await work(ingests);
    if (outcome !== undefined) showOutcome(outcome, ingests);
  }

  function run(work: Work): void {
    if (isBusy) return;
    isBusy = true;
    say([]);
    act(work)
      .catch((thrown: unknown) => {
        if (isCurrent(session) && !handledKey(CallError.from(thrown), context)) {
          say([failureText(thrown)]);
        }
      })
      .finally(() => {
        isBusy = false;
        onDone();
      });
  }

  const stopThem = (): void =>
    run(async (ingests) => {
      const title = t("bulk.stop-title", { n: numberText(ingests.length) });
      const text = `${whichText(ingests)} ${t("bulk.stop-text")}`;
      const isSure = await confirmed({ title, text, yes: t("bulk.stop"), left });
      return isSure ? stopAll(session, idsOf(ingests)) : undefined;
    });

  const moveThem = (event: Event): void => {
    event.preventDefault();
    const by = minutes.valueAsNumber;
    const isMove = Number.isInteger(by) && by !== 0 && Math.abs(by) <= MINUTES_MAX;
    minutesField.complain(isMove ? "" : t("bulk.minutes-wrong"));
    if (!isMove) {
      minutes.focus();
      return;
    }
    run(async (ingests) => {
      const values = { n: numberText(ingests.length), minutes: numberText(by) };
      const title = t("bulk.move-title", values);
      const text = `${whichText(ingests)} ${t("bulk.move-text")}`;
      const isSure = await confirmed({ title, text, yes: t("bulk.move"), left });
      const bySeconds = (by * MINUTE_MS) / SECOND_MS;
      return isSure ? moveAll(session, idsOf(ingests), bySeconds) : undefined;
    });
  };

  const stop = h("button", { type: "button", class: "danger", click: stopThem }, t("bulk.stop"));
  const move = h("button", { type: "submit" }, t("bulk.move"));
  const summary = h("summary", {}, t("bulk.title"));
  const form = h(
    "form",
    { class: "filters", novalidate: true, submit: moveThem },
    stop,
    minutesField.node,
    move,
  );
  return {
    node: h("details", { class: "bulk" }, summary, form, failure),
    /** What has ended can be neither stopped nor moved. */
    show(count: number | undefined): void {
      const isOver = filter.state === "ended";
      setDisabled(stop, isOver);
      setDisabled(move, isOver);
      const shown = isOver || count === undefined ? "" : ` (${numberText(count)})`;
      setText(summary, `${t("bulk.title")}${shown}`);
    },
  };
}

const idsOf = (ingests: readonly Ingest[]): string[] => ingests.map(({ TaskId }) => TaskId);

function whichText(ingests: readonly Ingest[]): string {
  const rooms = someOf(ingests.map(({ RoomId }) => RoomId));
  const callers = someOf(ingests.map(({ CallerId, Caller }) => CallerId ?? Caller));
  return t("bulk.which", { rooms, callers });
}

function someOf(names: readonly string[]): string {
  const different = [...new Set(names)];
  const more = different.length > NAMED ? [t("bulk.more", { n: different.length - NAMED })] : [];
  return [...different.slice(0, NAMED), ...more].join(", ");
}
