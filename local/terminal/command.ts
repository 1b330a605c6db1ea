/**
 * One command of the command line: its flags, and what it does. The only file that runs commander's
 * parser, so that every command answers wrong use in the same way.
 */
import { Command, CommanderError } from "commander";
import type { Io } from "./io.js";

export interface CommandModule {
  /** The flags and the help text. */
  command: () => Command;
  /** Resolves with the exit code. */
  run: (args: readonly string[], io: Io) => Promise<number>;
}

/** The command was used in a wrong way: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command was asked for its help text. */
export class HelpAsked extends Error {
  override readonly name = "HelpAsked";
  constructor(readonly help: string) {
    super("help was asked for");
  }
}

/** The same on every terminal. */
const HELP_WIDTH = 100;

/** The line that every help text ends with. */
const CODES = "\nExit codes: 0 done, 1 refused or failed, 2 wrong usage.";

/** A command whose help text ends with examples. */
export const newCommand = (name: string, description: string, examples: string): Command =>
  new Command(`trtc-ingest ${name}`)
    .description(flowing(description))
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", `\nExamples:\n${indented(examples)}\n${CODES}`);

/** Lines become paragraphs, which the help text wraps. */
const flowing = (text: string): string => text.replace(/([^\n])\n(?!\n)/g, "$1 ");

const indented = (lines: string): string =>
  lines
    .trim()
    .split("\n")
    .map((line) => `  ${line}`.trimEnd())
    .join("\n");

export interface Parsed {
  /** By commander's names: `--sdk-app-id` is `sdkAppId`. The command knows their types. */
  flags: object;
  rest: string[];
}

/** Throws UsageError for wrong flags, and HelpAsked for `--help`. */
export function parse(command: Command, args: readonly string[]): Parsed {
  let help = "";
  command.exitOverride().configureOutput({
    writeOut: (text) => (help += text),
    writeErr: () => undefined,
    getOutHelpWidth: () => HELP_WIDTH,
  });
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpAsked(help);
    throw new UsageError(`${sentenceOf(error, command)} (see ${command.name()} --help)`);
  }
  return { flags: command.opts(), rest: command.args };
}

/** `error: unknown option '--halp'\n(Did you mean --help?)` becomes one sentence. */
function sentenceOf({ code, message }: CommanderError, command: Command): string {
  if (code === "commander.excessArguments") {
    return `unexpected argument '${command.args[command.registeredArguments.length] ?? ""}'`;
  }
  const [what = "", suggestion = ""] = message.replace(/^error: /, "").split("\n");
  const [, instead] = /\(Did you mean (.+)\?\)/.exec(suggestion) ?? [];
  return instead === undefined ? what : `${what}: did you mean ${instead}?`;
}
