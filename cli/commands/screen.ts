/** Lines that are drawn again in their place on a terminal. */
import { stripVTControlCharacters } from "node:util";
import type { Io } from "../../local/terminal/io.js";
import { rowsOf } from "../../local/terminal/width.js";

export interface Screen {
  /** The next drawing begins below what is written to its stderr. */
  io: Io;
  draw: (lines: readonly string[]) => void;
}

/** The cursor stands below the lines. */
const CURSOR_ROWS = 1;

export function screenOn(io: Io): Screen {
  const { out, err } = io;
  let drawn: readonly string[] = [];
  return {
    io: {
      ...io,
      err: {
        isTTY: err.isTTY,
        write(text) {
          if (err.isTTY === true) drawn = [];
          return err.write(text);
        },
      },
    },
    draw(lines) {
      // A terminal may say 0 when it does not know.
      const columns = out.columns || Number.POSITIVE_INFINITY;
      const shown = fitting(lines, { columns, rows: out.rows || Number.POSITIVE_INFINITY });
      const back = heightOf(drawn, columns);
      out.write(`${back === 0 ? "" : `\u001b[${back}A\u001b[J`}${shown.join("\n")}\n`);
      drawn = shown;
    },
  };
}

/** The terminal wraps a line that is wider than itself. */
const heightOf = (lines: readonly string[], columns: number): number =>
  lines.reduce((rows, line) => rows + rowsOf(stripVTControlCharacters(line), columns), 0);

/** Lines that have no room are counted in the last one. */
function fitting(
  lines: readonly string[],
  { columns, rows }: { columns: number; rows: number },
): readonly string[] {
  const room = Math.max(2, rows - CURSOR_ROWS);
  if (heightOf(lines, columns) <= room) return lines;
  let count = lines.length;
  while (count > 1 && heightOf(lines.slice(0, count), columns) > room - 1) count -= 1;
  return [...lines.slice(0, count), `and ${lines.length - count} more`];
}
