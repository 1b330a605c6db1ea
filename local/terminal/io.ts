/** What a command reads and writes besides its arguments. Tests bring their own. */
import { text } from "node:stream/consumers";
import { type Clock, systemClock } from "../../shared/clock.js";
import { type Environment, environment } from "../../shared/config/environment.js";
import { printableLines } from "./terminal.js";

export interface Stream {
  write: (text: string) => unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

export interface Io {
  env: Environment;
  clock: Clock;
  out: Stream;
  err: Stream;
  /** All of stdin, as text. */
  readInput: () => Promise<string>;
  /** From this call on, an interrupt (Ctrl-C) aborts the signal and does not end the process. */
  untilInterrupted: () => AbortSignal;
}

export const processIo = (): Io => ({
  env: environment(),
  clock: systemClock,
  out: process.stdout,
  err: process.stderr,
  readInput: () => text(process.stdin),
  untilInterrupted() {
    const interrupt = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        interrupt.abort();
      });
    }
    return interrupt.signal;
  },
});

/** Prints one line or several. */
export function print({ out }: Pick<Io, "out">, lines: string): void {
  out.write(`${printableLines(lines)}\n`);
}

/** Colours help a person only. https://no-color.org */
export const hasColours = ({ out, env }: Pick<Io, "out" | "env">): boolean =>
  out.isTTY === true && (env["NO_COLOR"] ?? "") === "";
