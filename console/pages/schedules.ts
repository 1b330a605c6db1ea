/** Schedules as a week: what plays when, where clocks change, and which occurrences collide. */
import { dayName, localWeek, MINUTE_MS, nowMs } from "../clock.js";
import { h, pageHeading, setHidden, setText } from "../base/dom.js";
import { keepingFocus, onceFor } from "../base/focus.js";
import { confirmed } from "../parts/confirm.js";
import { dayText } from "../parts/format.js";
import { runSchedule, skipOccurrence } from "../service/schedules.js";
import type { Schedule } from "../service/types.js";
import { type Entry, loadWeek, type Week } from "../service/week.js";
import { label, t } from "../words/words.js";
import { carryOut } from "./carry-out.js";
import { live, type PageContext } from "./page.js";
import { conflictList, weekGrid } from "./week.js";

export function schedulesPage(context: PageContext): void {
  const { main, session, left } = context;
  const isCaller = session.kind === "caller";
  let weeks = 0;
  let moves = 0;
  const { status, follow } = live(context);
  const title = h("h2", { id: "week", "aria-live": "polite" });
  const grid = h("div");
  const list = h("ul", { class: "schedules", "aria-label": t("schedules.list") });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const empty = h("p", { class: "empty", hidden: true }, t("schedules.empty"));
  const cut = h("p", { class: "hint", hidden: true }, t("schedules.cut"));
  const listCut = h("p", { class: "hint", hidden: true }, t("schedules.list-cut"));

  const monday = (): Date => localWeek(nowMs(), weeks);
  const name = (): void => setText(title, t("schedules.week", { day: dayText(monday()) }));
  const move = (by: number): void => {
    weeks = by === 0 ? 0 : weeks + by;
    moves += 1;
    name();
    // The old days must not stand under the new title.
    grid.replaceChildren(h("p", { class: "quiet" }, t("status.loading")));
    poll.refresh();
  };
  const go = (text: string, by: number): HTMLElement =>
    h("button", { type: "button", click: () => move(by) }, text);

  function run(work: () => Promise<unknown>, done: string): void {
    carryOut(context, { work, done, problem })
      .finally(() => poll.refresh())
      .catch(() => undefined);
  }

  const skip = ({ schedule, startTime, name }: Entry): void =>
    run(async () => {
      const text = t("confirm.skip", { name });
      const yes = t("schedules.skip");
      const isSure = await confirmed({ title: t("confirm.skip-title"), text, yes, left });
      return isSure ? skipOccurrence(session, schedule, startTime) : "cancelled";
    }, t("done.skip-occurrence"));

  const runNow = ({ ScheduleId, Name }: Schedule): void =>
    run(async () => {
      const text = t("confirm.run", { name: Name });
      const yes = t("schedules.run");
      const isSure = await confirmed({ title: t("confirm.run-title"), text, yes, left });
      return isSure ? runSchedule(session, ScheduleId) : "cancelled";
    }, t("done.run"));

  const draw = onceFor(({ week }: Drawn): void => {
    const { schedules, entries, conflicts } = week;
    setHidden(empty, schedules.length > 0);
    setHidden(cut, !week.isCut);
    setHidden(listCut, !week.isListCut);
    const days = weekGrid({ monday: monday(), entries, onSkip: isCaller ? skip : undefined });
    keepingFocus(grid, () => grid.replaceChildren(conflictList(conflicts), days));
    const items = schedules.map((schedule) => scheduleItem(schedule, isCaller, runNow));
    keepingFocus(list, () => list.replaceChildren(...items));
  });

  const week = h(
    "section",
    { "aria-labelledby": "week" },
    title,
    h(
      "div",
      { class: "buttons" },
      go(t("schedules.before"), -1),
      go(t("schedules.today"), 0),
      go(t("schedules.after"), 1),
    ),
    cut,
    grid,
  );
  const operatorNote = h("p", { class: "hint", hidden: isCaller }, t("schedules.operator"));
  main.append(
    pageHeading(t("schedules.title")),
    status.node,
    problem,
    week,
    h("h2", {}, t("schedules.list")),
    operatorNote,
    empty,
    listCut,
    list,
  );
  name();
  const poll = follow({
    everyMs: MINUTE_MS,
    async load() {
      const asked = moves;
      const loaded = await loadWeek(session, monday());
      return { asked, loaded };
    },
    onValue: ({ asked, loaded }) => {
      // An answer for a week that the person has left would show under the wrong title.
      if (asked !== moves) return;
      // A start that has passed cannot be skipped any more, and at midnight another day is today.
      const passed = loaded.entries.filter(({ startTime }) => Date.parse(startTime) <= nowMs());
      draw({ week: loaded, asked, passed: passed.length, today: dayName(new Date(nowMs())) });
    },
  });
}

/** All that a drawing follows from. */
interface Drawn {
  week: Week;
  asked: number;
  passed: number;
  today: string;
}

function scheduleItem(
  schedule: Schedule,
  isCaller: boolean,
  runNow: (schedule: Schedule) => void,
): HTMLLIElement {
  const { Name, State, TimeZone, Ingest, PausedBecause } = schedule;
  const button = h(
    "button",
    {
      type: "button",
      click: () => runNow(schedule),
      "aria-label": t("schedules.run-of", { name: Name }),
    },
    t("schedules.run"),
  );
  const paused = PausedBecause === null ? "" : label("paused", PausedBecause);
  const owner = isCaller ? "" : (schedule.CallerId ?? schedule.Caller);
  return h(
    "li",
    {},
    h("span", { class: `badge ${State}` }, label("occurrence", State)),
    h("strong", {}, Name),
    h("span", {}, t("schedules.room", { room: Ingest.RoomId })),
    h(
      "span",
      { class: "quiet" },
      [TimeZone, owner, paused].filter((text) => text !== "").join(" · "),
    ),
    isCaller ? button : undefined,
  );
}
