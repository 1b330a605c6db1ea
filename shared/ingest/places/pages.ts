/** One page of a list out of the pages of several databases, in the same order and as long. */
import { writeCursor } from "../../contract/cursors.js";

/** A page of any list: its rows, newest first, under one name, and the cursor of the next page. */
interface Page {
  NextCursor: string | null;
}

type Row = Readonly<Record<string, unknown>>;

export interface ListOf {
  /** The field of the answer that has the rows. */
  rows: "Ingests" | "Schedules" | "Occurrences";
  /** The order of the rows: a later one comes first. */
  keyOf: (row: Row) => string;
  cursorAfter: (row: Row) => string;
}

/** A row may be in two pages for a moment while it moves. The last database still has the right one. */
export function mergedPage(
  pages: readonly object[],
  { rows, keyOf, cursorAfter }: ListOf,
  limit: number,
): object {
  const byKey = new Map(
    pages.flatMap((page) => rowsOf(page, rows).map((row) => [keyOf(row), row] as const)),
  );
  const sorted = [...byKey].sort(([one], [other]) => (one < other ? 1 : -1));
  const page = sorted.slice(0, limit).map(([, row]) => row);
  const last = page.at(-1);
  const isMore = sorted.length > limit || pages.some((page) => (page as Page).NextCursor !== null);
  return { [rows]: page, NextCursor: isMore && last ? cursorAfter(last) : null };
}

const rowsOf = (page: object, rows: ListOf["rows"]): Row[] =>
  (page as Record<typeof rows, Row[]>)[rows];

export const INGESTS: ListOf = {
  rows: "Ingests",
  keyOf: ({ TaskId }) => String(TaskId),
  cursorAfter: ({ TaskId }) => writeCursor(String(TaskId)),
};

export const SCHEDULES: ListOf = {
  rows: "Schedules",
  keyOf: ({ ScheduleId }) => String(ScheduleId),
  cursorAfter: ({ ScheduleId }) => writeCursor(String(ScheduleId)),
};

const placeOf = ({ StartTime, ScheduleId }: Row): [number, string] => [
  Date.parse(String(StartTime)),
  String(ScheduleId),
];

export const OCCURRENCES: ListOf = {
  rows: "Occurrences",
  // All instants are of this century, so their numbers have one length.
  keyOf: (row) => placeOf(row).join(" "),
  cursorAfter: (row) => writeCursor(placeOf(row).join(" ")),
};
