/** Ingests as the API answers them: as rows of a table, and as a page. */
import { isObject, type Json } from "../../shared/json.js";
import { hasColours, type Io } from "./io.js";
import { printable } from "./terminal.js";
import { type Colour, coloured, type Column } from "./table.js";
import { whenFor } from "./times.js";

export const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
};

export const rowsOf = (value: unknown): Json[] =>
  Array.isArray(value) ? value.filter((row) => isObject(row)) : [];

/** `playing Talk`, `retrying`, `backup Talk`: what the room gets. Of an ended one: why it ended. */
function onAir({ State, MediaState, Source, Item, IsPaused, EndReason }: Json): string {
  if (State === "ended") return textOf(EndReason);
  if (IsPaused === true) return "paused";
  const title = isObject(Item) ? textOf(Item["Title"] ?? `item ${textOf(Item["Index"])}`) : "";
  const standIn = Source === "backup" || Source === "filler" ? Source : "";
  return [textOf(MediaState), standIn, title].filter((part) => part !== "").join(" ");
}

const STATE_COLOURS: Readonly<Record<string, Colour>> = {
  running: "green",
  stopping: "yellow",
  starting: "yellow",
  ended: "grey",
};

function airColour({ State, MediaState, EndReason }: Json): Colour | undefined {
  if (State === "ended") return EndReason === "failed" || EndReason === "lost" ? "red" : undefined;
  if (MediaState === "failed") return "red";
  return MediaState === "retrying" ? "yellow" : undefined;
}

export const ingestColumns = (io: Pick<Io, "out" | "clock">): Column<Json>[] => [
  { title: "TASK", cell: ({ TaskId }) => textOf(TaskId) },
  {
    title: "STATE",
    cell: ({ State }) => textOf(State),
    colour: ({ State }) => STATE_COLOURS[textOf(State)],
  },
  { title: "ROOM", cell: ({ RoomId }) => textOf(RoomId) },
  { title: "ON AIR", cell: onAir, colour: airColour },
  { title: "START", cell: ({ StartTime }) => whenFor(io, StartTime) },
  { title: "END", cell: ({ EndTime, Deadline }) => whenFor(io, EndTime ?? Deadline) },
];

/** Each field on a line. On a terminal, fields without a value are left out. */
export function pageLines(io: Pick<Io, "out" | "env">, response: Json): string[] {
  const fields = Object.entries(response).map(
    ([name, value]) => [printable(name), value, printable(textOf(value))] as const,
  );
  if (io.out.isTTY !== true) return fields.map(([name, , text]) => `${name}\t${text}`);
  const shown = fields.filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  const bold = hasColours(io) ? "bold" : undefined;
  return shown.map(([name, , text]) => `${coloured(name.padEnd(width), bold)}  ${text}`);
}
