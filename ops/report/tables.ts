/** The report for people: two small tables with aligned numbers. */
import type { EndCounts, Lateness, Report } from "../../shared/store/report.js";

export interface TimedReport extends Report {
  since: Date;
  now: Date;
}

export function tablesOf({ since, now, starts, live, ends }: TimedReport): string {
  const overdue = live.overdueMaxMs === null ? "" : `the longest by ${duration(live.overdueMaxMs)}`;
  const oldestUnfinished =
    live.oldestUnfinishedAt === null
      ? ""
      : `the oldest since ${live.oldestUnfinishedAt.toISOString()}`;
  const counts: [string, number, string][] = [
    ["started", starts.started, ""],
    ["failed to start", starts.failed, ""],
    ["reconciled starts", starts.settled, "TRTC had not answered"],
    ["running now", live.running, ""],
    ["scheduled now", live.scheduled, ""],
    ["overdue now", live.overdue, overdue],
    ["unfinished starts now", live.unsettled, oldestUnfinished],
  ];
  const costs: [string, number, string][] = [
    ["USD of ended ones", totalUsd(ends), ""],
    ["USD of live ones", live.usd, `${number(live.usdToDeadline, 2)} at their deadlines`],
  ];
  const lines = counts.map(([what, count, more]) =>
    `  ${what.padEnd(22)}${number(count).padStart(9)}  ${more}`.trimEnd(),
  );
  const costLines = costs.map(([what, usd, more]) =>
    `  ${what.padEnd(22)}${number(usd, 2).padStart(9)}  ${more}`.trimEnd(),
  );
  return [
    `since ${since.toISOString()}, at ${now.toISOString()}`,
    "",
    ...lines,
    ...costLines,
    "",
    ...endLines(ends),
    "",
  ].join("\n");
}

const totalUsd = (ends: readonly EndCounts[]): number =>
  ends.reduce((sum, { usd }) => sum + usd, 0);

const WIDTHS = [12, 9, 11, 11, 9, 26, 26];

function endLines(ends: readonly EndCounts[]): string[] {
  if (ends.length === 0) return ["  none ended"];
  return [
    row([
      "ended",
      "count",
      "minutes",
      "USD",
      "on time",
      "asked p50, p99, max ms",
      "over p50, p99, max ms",
    ]),
    ...ends.map(({ reason, count, minutes, usd, onTime, asked, answered }) =>
      row([
        reason,
        number(count),
        number(minutes, 1),
        number(usd, 2),
        onTime === null ? "" : `${number(Math.floor((1000 * onTime) / count) / 10, 1)} %`,
        lateness(asked),
        lateness(answered),
      ]),
    ),
  ];
}

const row = (cells: readonly string[]): string =>
  `  ${cells
    .map((cell, index) =>
      index === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[index] ?? 0),
    )
    .join("")}`.trimEnd();

const lateness = (figures: Lateness | null): string =>
  figures === null
    ? ""
    : [figures.p50Ms, figures.p99Ms, figures.maxMs].map((ms) => number(Math.round(ms))).join("  ");

const number = (value: number, digits = 0): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** `1.5 s`, `12 min`, `3.0 h`: rounded for reading. */
function duration(ms: number): string {
  if (ms < 120_000) return `${number(ms / 1000, 1)} s`;
  if (ms < 7_200_000) return `${number(ms / 60_000, 1)} min`;
  return `${number(ms / 3_600_000, 1)} h`;
}
