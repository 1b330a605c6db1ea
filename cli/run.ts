/** Finds the command that the arguments name, runs it, and answers wrong use in one sentence. */
import { Command } from "commander";
import { HelpAsked, parse, UsageError } from "../local/terminal/command.js";
import type { Io } from "../local/terminal/io.js";
import { printableLines } from "../local/terminal/terminal.js";
import { ENTRIES, GROUPS, NESTED } from "./commands.js";
import type { Entry } from "./entry.js";

/** Resolves with the exit code: 0 done, 1 refused or failed, 2 wrong usage. Never throws. */
export async function runCommandLine(args: readonly string[], io: Io): Promise<number> {
  try {
    const [entry, rest] = choose(args);
    const { run } = await entry.load();
    return await run(rest, io);
  } catch (error) {
    if (error instanceof HelpAsked) {
      io.out.write(error.help);
      return 0;
    }
    const sentence = error instanceof Error ? error.message : String(error);
    io.err.write(`${printableLines(sentence)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** `help stop` is `stop --help`. Throws HelpAsked, or UsageError for an unknown command. */
function choose(args: readonly string[]): [Entry, string[]] {
  const [first = "--help", second, ...rest] = args;
  if (first === "help") return choose([...args.slice(1), "--help"]);
  const entry = ENTRIES.find(({ name }) => name === first);
  if (entry) return [entry, args.slice(1)];
  const nested = ENTRIES.find(({ name }) => name === `${first} ${second ?? ""}`);
  if (nested) return [nested, rest];
  const isGroup = ENTRIES.some(({ name }) => name.startsWith(`${first} `));
  parse(program(isGroup ? `${first} ` : ""), [(isGroup ? second : first) ?? "--help"]);
  throw new UsageError(`unknown command '${first}' (see trtc-ingest --help)`);
}

/**
 * Only for the list of commands, and for names that are nearly right. `prefix`: the first word of a
 * group of commands.
 */
function program(prefix: string): Command {
  const root = new Command(`trtc-ingest ${prefix}`.trim())
    .usage("<command> [options]")
    .description("Plays online media streams in Tencent RTC rooms, and never leaves one running.")
    .helpOption("-h, --help", "show this help, or that of a command")
    .helpCommand(false)
    .addHelpText("after", AFTER);
  for (const { title, entries } of GROUPS) {
    root.commandsGroup(title);
    for (const [name, summary] of listed(entries, prefix)) root.command(name).description(summary);
  }
  return root;
}

/** The first word of names with two stands once in the list of all commands. */
const listed = (entries: readonly Entry[], prefix: string): ReadonlyMap<string, string> =>
  new Map(
    entries
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, summary }) => {
        const [word = ""] = name.slice(prefix.length).split(" ");
        return [word, prefix === "" ? (NESTED[word] ?? summary) : summary];
      }),
  );

const AFTER = `
Example:
  trtc-ingest help start

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`;
