/** What ingests cost, as rows of a table with their sum below. */
import { isObject, type Json } from "../../shared/json.js";
import { textOf } from "./ingests.js";
import type { Io } from "./io.js";
import { type Column, linesFor } from "./table.js";
import { whenFor } from "./times.js";

const costOf = ({ Cost }: Json): Json => (isObject(Cost) ? Cost : {});

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);

/** Cents are too coarse for a minute of an ingest. */
const usd = (value: unknown): string => numberOf(value).toFixed(4);

const columnsFor = (io: Io, { isForAll }: { isForAll: boolean }): Column<Json>[] => [
  { title: "TASK", cell: ({ TaskId }) => textOf(TaskId) },
  ...(isForAll
    ? [{ title: "CALLER", cell: ({ Caller }: Json) => textOf(Caller) } satisfies Column<Json>]
    : []),
  { title: "STATE", cell: ({ State }) => textOf(State) },
  { title: "ROOM", cell: ({ RoomId }) => textOf(RoomId) },
  { title: "TIER", cell: (row) => textOf(costOf(row)["Tier"]) },
  { title: "MINUTES", cell: (row) => numberOf(costOf(row)["Minutes"]).toFixed(2) },
  { title: "USD", cell: (row) => usd(costOf(row)["Usd"]) },
  { title: "USD TO DEADLINE", cell: (row) => usd(costOf(row)["UsdToDeadline"]) },
  { title: "END", cell: ({ EndTime, Deadline }) => whenFor(io, EndTime ?? Deadline) },
];

interface Total {
  Ingests: number;
  Minutes: number;
  Usd: number;
  UsdToDeadline: number;
}

/** One document for programs. The total counts rows that are left out, too. */
export interface CostDocument {
  Ingests: Json[];
  Total: Total;
}

/** The API's amounts are millionths of a dollar, and hundredths of a minute. */
const rounded = (value: number): number => Math.round(value * 1_000_000) / 1_000_000;

/** Sums ingests that come one by one. Of each it keeps what is shown, and of no more than `rowsMax`. */
export function costSheet(rowsMax = Number.POSITIVE_INFINITY) {
  const rows: Json[] = [];
  const total: Total = { Ingests: 0, Minutes: 0, Usd: 0, UsdToDeadline: 0 };
  return {
    add(ingest: Json): void {
      total.Ingests += 1;
      for (const field of ["Minutes", "Usd", "UsdToDeadline"] as const) {
        total[field] = rounded(total[field] + numberOf(costOf(ingest)[field]));
      }
      if (rows.length < rowsMax) rows.push(shownOf(ingest));
    },
    document: (): CostDocument => ({ Ingests: rows, Total: total }),
  };
}

/** A whole ingest may hold a list of a hundred URLs. */
const shownOf = ({ TaskId, Caller, State, RoomId, Deadline, EndTime, Cost }: Json): Json => ({
  TaskId,
  Caller,
  State,
  RoomId,
  Deadline,
  EndTime,
  Cost,
});

/** The last line is the sum. */
export function costLines(
  io: Io,
  { Ingests, Total: { Minutes, Usd, UsdToDeadline } }: CostDocument,
  kind: { isForAll: boolean } = { isForAll: false },
): string[] {
  const total = { TaskId: "total", Cost: { Minutes, Usd, UsdToDeadline } };
  return linesFor(io, columnsFor(io, kind), [...Ingests, total]);
}
