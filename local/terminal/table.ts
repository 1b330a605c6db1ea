/** Rows for people on a terminal, and for programs elsewhere. No cell can move the cursor. */
import { hasColours, type Io } from "./io.js";
import { printable } from "./terminal.js";
import { cut, padded, widthOf } from "./width.js";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => string;
  colour?: (row: Row) => Colour | undefined;
}

const CODES = { bold: 1, red: 31, green: 32, yellow: 33, grey: 90 } as const;
export type Colour = keyof typeof CODES;

const GAP = "  ";

export const coloured = (text: string, colour: Colour | undefined): string =>
  colour === undefined ? text : `\u001b[${CODES[colour]}m${text}\u001b[0m`;

/** Elsewhere than on a terminal: a line for each row, with tabs between its cells and no head. */
export function linesFor<Row>(
  io: Pick<Io, "out" | "env">,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => printable(cell(row))));
  if (io.out.isTTY !== true) return cells.map((line) => line.join("\t"));
  const head = columns.map(({ title }) => title);
  const widths = columns.map((_, at) =>
    Math.max(...[head, ...cells].map((line) => widthOf(line[at] ?? ""))),
  );
  // A terminal may say 0 when it does not know.
  const frame = { widths, width: io.out.columns || Number.POSITIVE_INFINITY };
  const colours = hasColours(io);
  const colourOf = (row: Row, at: number) => (colours ? columns[at]?.colour?.(row) : undefined);
  return [
    line(head, frame, () => undefined),
    ...rows.map((row, index) => line(cells[index] ?? [], frame, (at) => colourOf(row, at))),
  ];
}

/** Columns stand below each other, and the line ends at the terminal's edge. */
function line(
  cells: readonly string[],
  { widths, width }: { widths: readonly number[]; width: number },
  colourOf: (at: number) => Colour | undefined,
): string {
  let leftPlaces = width;
  const shown: string[] = [];
  for (const [at, cell] of cells.entries()) {
    const isLast = at === cells.length - 1;
    const fitting = cut(isLast ? cell : padded(cell, widths[at] ?? 0), leftPlaces);
    shown.push(coloured(fitting, fitting.trim() === "" ? undefined : colourOf(at)));
    leftPlaces -= widthOf(fitting) + GAP.length;
    if (leftPlaces <= 0) break;
  }
  return shown.join(GAP).trimEnd();
}
