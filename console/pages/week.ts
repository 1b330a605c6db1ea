/** Seven days with their occurrences in the order of time. On a small screen they stand in a column. */
import { dayName, localDay, nowMs } from "../clock.js";
import { h } from "../base/dom.js";
import { hrefOf } from "../base/route.js";
import { dayText, instantText, timeText } from "../parts/format.js";
import type { Conflict } from "../service/types.js";
import type { Entry } from "../service/week.js";
import { label, t } from "../words/words.js";

interface WeekGrid {
  monday: Date;
  entries: readonly Entry[];
  /** Absent: the person cannot skip, and sees whose each occurrence is. */
  onSkip: ((entry: Entry) => void) | undefined;
}

export function weekGrid({ monday, entries, onSkip }: WeekGrid): HTMLElement {
  const today = dayName(new Date(nowMs()));
  const days = Array.from({ length: 7 }, (_, at) => localDay(monday.getTime(), at));
  return h(
    "ol",
    { class: "week" },
    ...days.map((day) => {
      const name = dayName(day);
      const own = entries.filter(({ startTime }) => dayName(new Date(startTime)) === name);
      return h(
        "li",
        {
          class: name === today ? "today" : "",
          "aria-current": name === today ? "date" : undefined,
        },
        h("h3", {}, dayText(day)),
        own.length === 0 ? h("p", { class: "quiet" }, t("week.nothing")) : undefined,
        ...own.map((entry) => entryNode(entry, onSkip)),
      );
    }),
  );
}

function entryNode(entry: Entry, onSkip: WeekGrid["onSkip"]): HTMLElement {
  const { name, startTime, endTime, state, reason, detail, note, localStart, taskId } = entry;
  const times = `${timeText(startTime)} – ${timeText(endTime)}`;
  const canSkip = ["Planned", "Preview"].includes(state) && Date.parse(startTime) > nowMs();
  const why = reason === undefined ? detail : whyText(reason, detail);
  return h(
    "article",
    { class: `entry ${state}`, "aria-label": `${name}, ${times}` },
    h("p", {}, h("time", { datetime: startTime }, times)),
    h("p", {}, h("strong", {}, name)),
    onSkip === undefined ? h("p", { class: "quiet" }, entry.caller) : undefined,
    h("p", {}, h("span", { class: `badge ${state}` }, label("occurrence", state))),
    why === undefined ? undefined : h("p", { class: "hint" }, why),
    note === undefined ? undefined : h("p", { class: "note" }, t("week.dst", { note })),
    localStart === undefined
      ? undefined
      : h("p", { class: "quiet" }, t("week.local", { at: wallText(localStart) })),
    taskId === undefined
      ? undefined
      : h("p", {}, h("a", { href: hrefOf("ingests", taskId) }, t("week.ingest"))),
    canSkip && onSkip !== undefined ? skipButton(entry, onSkip) : undefined,
  );
}

/** In the person's language where the reason is known. What has run ended as its ingest did. */
function whyText(reason: string, detail: string | undefined): string {
  const texts = [label("why", reason), label("reason", reason)];
  return texts.find((text) => text !== reason) ?? detail ?? reason;
}

/** `19:30 (+01:00)` out of `2026-11-30T19:30:00+01:00`. */
function wallText(local: string): string {
  const [, time, offset] = /T(\d\d:\d\d)[\d:.]*(.*)$/.exec(local) ?? [];
  return time === undefined ? local : `${time} (${offset ?? ""})`;
}

function skipButton(entry: Entry, onSkip: (entry: Entry) => void): HTMLElement {
  const at = instantText(entry.startTime);
  const text = t("schedules.skip-of", { name: entry.name, at });
  const click = (): void => onSkip(entry);
  return h("button", { type: "button", click, "aria-label": text }, t("schedules.skip"));
}

export function conflictList(conflicts: readonly (Conflict & { of: string })[]): HTMLElement {
  return h(
    "section",
    { class: "conflicts", "aria-label": t("week.conflicts"), hidden: conflicts.length === 0 },
    h("h3", {}, t("week.conflicts")),
    h(
      "ul",
      {},
      ...conflicts.map(({ of: name, Name, StartTime, Outcome }) =>
        h(
          "li",
          {},
          t("week.conflict", { name, other: Name, at: instantText(StartTime), outcome: Outcome }),
        ),
      ),
    ),
  );
}
