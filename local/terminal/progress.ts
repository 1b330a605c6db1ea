/** Progress: one moving line on a terminal, a plain line now and then elsewhere. */
import type { Clock } from "../../shared/clock.js";
import type { Stream } from "./io.js";
import { printable } from "./terminal.js";
import { cut } from "./width.js";

export interface Progress {
  show: (line: string) => void;
  /** Ends the moving line, so that later output begins on a new line. */
  end: () => void;
}

/** A log file needs signs of progress, but not every step. */
const PLAIN_EVERY_MS = 2000;

/** Of a terminal that does not say. */
const COLUMNS = 80;

const ERASE_LINE = "\r\u001b[2K";

export function progressOn(stream: Stream, clock: Clock): Progress {
  let shownMs = Number.NEGATIVE_INFINITY;
  let isOpen = false;
  return {
    show(line) {
      if (stream.isTTY) {
        stream.write(`${ERASE_LINE}${cut(printable(line), (stream.columns || COLUMNS) - 1)}`);
        isOpen = true;
        return;
      }
      if (clock.elapsedMs() - shownMs < PLAIN_EVERY_MS) return;
      shownMs = clock.elapsedMs();
      stream.write(`${printable(line)}\n`);
    },
    end() {
      if (isOpen) stream.write("\n");
      isOpen = false;
    },
  };
}

/** `[######----]`, for a share from 0 to 1. */
export function bar(share: number, width = 24): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}]`;
}
