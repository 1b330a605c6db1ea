/**
 * What a command prints, and how it ends. Texts of others (rooms, callers, messages, servers) must
 * not move the cursor, change colours or turn the order of letters around.
 */

/** Control characters (C0, C1), formats such as bidi overrides, and what breaks a line elsewhere. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const UNPRINTABLE_IN_LINES = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

/** On one line. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, "?");

/** The same of a text that has lines. */
export const printableLines = (text: string): string => text.replace(UNPRINTABLE_IN_LINES, "?");

/** JSON escapes what it can, so that nothing is lost. */
export const printableJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    UNPRINTABLE_IN_LINES,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}${lowHalf(sign)}`,
  );

const lowHalf = (sign: string): string =>
  sign.length < 2 ? "" : `\\u${sign.charCodeAt(1).toString(16).padStart(4, "0")}`;

/** What a command prints, and ends with. */
export interface Said {
  out: string;
  code: number;
}

/** A line, or several. */
export const out = (text: string): void => {
  process.stdout.write(`${printableLines(text)}\n`);
};

/**
 * A command from its beginning to its end. What throws ends it with 1 and a sentence. Whoever reads
 * no more (`| head`) has read enough: the command ends without a word, or as `onUnread` has it.
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

/** For what closes something at its end: as if it had been asked to end. */
export const endBySignal = (): void => void process.kill(process.pid, "SIGTERM");
