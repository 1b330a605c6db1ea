/**
 * The output of a command, and its end. Foreign texts (rooms, callers, messages, servers) must not
 * move the cursor, change colours or reverse the order of letters.
 */

/** Control characters (C0, C1), formats such as bidi overrides, and foreign line separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const UNPRINTABLE_IN_LINES = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

/** For text on one line. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, "?");

/** For text with several lines. */
export const printableLines = (text: string): string => text.replace(UNPRINTABLE_IN_LINES, "?");

/** JSON can escape these characters, so nothing is lost. */
export const printableJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    UNPRINTABLE_IN_LINES,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}${lowHalf(sign)}`,
  );

const lowHalf = (sign: string): string =>
  sign.length < 2 ? "" : `\\u${sign.charCodeAt(1).toString(16).padStart(4, "0")}`;

/** The output of a command and its exit code. */
export interface CommandResult {
  out: string;
  code: number;
}

/** Prints one line or several. */
export const out = (text: string): void => {
  process.stdout.write(`${printableLines(text)}\n`);
};

/**
 * Runs a command's main function. A thrown error prints a sentence and sets the exit code to 1.
 * When the reader closes the pipe (`| head`), the command ends silently, or as `onUnread` says.
 */
export function runMain(
  main: () => Promise<void>,
  onUnread: () => void = () => process.exit(0),
): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      onUnread();
    });
  }
  main().catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${printableLines(words)}\n`);
    process.exitCode = 1;
  });
}

/** For commands that close resources at their end: it acts like a signal. */
export const endBySignal = (): void => void process.kill(process.pid, "SIGTERM");
