/** Live rows: a table that is drawn again on a terminal, and a line for each change elsewhere. */
import { SECOND_MS } from "../../shared/clock.js";
import type { Json } from "../../shared/json.js";
import { UsageError } from "../../local/terminal/command.js";
import { ingestColumns, textOf } from "../../local/terminal/ingests.js";
import { type Io, print } from "../../local/terminal/io.js";
import { linesFor } from "../../local/terminal/table.js";
import { printable, printableJson } from "../../local/terminal/terminal.js";
import { type Answer, NoAnswer } from "../api/send.js";
import { refusalOf } from "./action-command.js";
import type { Screen } from "./screen.js";

export interface Live {
  screen: Screen;
  isJson: boolean;
  intervalMs: number;
  /** Asks once. Throws NoAnswer. */
  ask: () => Promise<{ answers: Answer[]; rows: Json[] }>;
  /** Nothing more will change. */
  isOver: (rows: readonly Json[]) => boolean;
}

/** Until an interrupt, a refusal, or the end of all that is watched. Returns the exit code. */
export async function watchRows(live: Live): Promise<number> {
  const { screen, isJson, intervalMs, ask, isOver } = live;
  const { io } = screen;
  const interrupted = io.untilInterrupted();
  const draw = isJson ? undefined : drawer(screen);
  while (!interrupted.aborted) {
    try {
      const { answers, rows } = await ask();
      const refused = answers.find(({ error }) => error !== undefined);
      for (const { envelope } of isJson ? answers : []) print(io, printableJson(envelope));
      if (refused && !isJson) io.err.write(`${refusalOf(refused)}\n`);
      if (refused) return 1;
      draw?.(rows);
      if (isOver(rows)) return 0;
    } catch (error) {
      // A network comes back. What is on the screen stays true until then.
      if (!(error instanceof NoAnswer)) throw error;
      io.err.write(`${printable(error.message)}\n`);
    }
    await io.clock.sleep(intervalMs, interrupted);
  }
  return 0;
}

const drawer = (screen: Screen): ((rows: readonly Json[]) => void) =>
  screen.io.out.isTTY === true ? redrawing(screen) : appending(screen.io);

const redrawing =
  ({ io, draw }: Screen) =>
  (rows: readonly Json[]): void => {
    draw(rows.length === 0 ? ["no ingests"] : linesFor(io, ingestColumns(io), rows));
  };

/** Each row at first, and again when it has changed. */
function appending(io: Io): (rows: readonly Json[]) => void {
  const before = new Map<string, string>();
  return (rows) => {
    for (const row of rows) {
      const [line = ""] = linesFor(io, ingestColumns(io), [row]);
      const id = textOf(row["TaskId"]);
      if (before.get(id) === line) continue;
      before.set(id, line);
      io.out.write(`${io.clock.now().toISOString()}\t${line}\n`);
    }
  };
}

export function readInterval(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text) * SECOND_MS;
  throw new UsageError("--interval must be a number of seconds from 1 to 9999");
}
