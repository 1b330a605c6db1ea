/** `completion`: a script that completes commands, flags and their values in bash and zsh. */
import type { Command } from "commander";
import { type CommandModule, newCommand, parse, UsageError } from "../../local/terminal/command.js";
import type { Entry } from "../entry.js";

const command = () =>
  newCommand(
    "completion",
    "Prints a script for bash or zsh that completes commands, flags and the values of flags.",
    `
source <(trtc-ingest completion bash)
source <(trtc-ingest completion zsh)`,
  ).argument("<shell>", "bash or zsh");

export const completion = (entries: () => readonly Entry[]): CommandModule => ({
  command,
  async run(args, io) {
    const [shell = ""] = parse(command(), args).rest;
    const head = HEADS.get(shell);
    if (head === undefined)
      throw new UsageError(`there is no completion for ${shell}: name bash or zsh`);
    io.out.write(`${head}${await scriptOf(entries())}`);
    return 0;
  },
});

/** zsh has bash's way of completing, once it is loaded. */
const HEADS: ReadonlyMap<string, string> = new Map([
  ["bash", "# trtc-ingest completion bash\n"],
  [
    "zsh",
    "# trtc-ingest completion zsh\nautoload -Uz compinit bashcompinit && compinit && bashcompinit\n",
  ],
]);

async function scriptOf(entries: readonly Entry[]): Promise<string> {
  const values: string[] = [];
  const words: string[] = [];
  for (const { name, load } of entries) {
    const { command: commandOf } = await load();
    const { options } = commandOf();
    values.push(...valuesOf(name, options));
    words.push(choice(`${name} *`, flagsOf(options)));
  }
  const names = entries.map(({ name }) => name.split(" "));
  for (const first of new Set(names.filter(({ length }) => length > 1).map(([word]) => word))) {
    const seconds = names.filter(([word]) => word === first).map(([, second = ""]) => second);
    words.push(choice(`${first ?? ""} `, seconds));
  }
  words.push(choice(" ", [...new Set(names.map(([word = ""]) => word))]));
  return `_trtc_ingest() {
  local current="\${COMP_WORDS[COMP_CWORD]}" choices=""
  local line="\${COMP_WORDS[*]:1:$((COMP_CWORD - 1))} "
  case "$line" in
${values.join("")}${words.join("")}  esac
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
}
complete -o default -F _trtc_ingest trtc-ingest
`;
}

type Options = Command["options"];

const flagsOf = (options: Options): string[] =>
  options.map(({ long }) => long ?? "").concat("--help");

/** After a flag come its values only. After one with other values come the names of files. */
function valuesOf(name: string, options: Options): string[] {
  const valued = options.filter(({ required }) => required);
  const patternOf = ({ long }: Options[number]) => patterned(`${name} *${long ?? ""} `);
  const open = valued.filter(({ argChoices }) => argChoices === undefined).map(patternOf);
  return valued
    .filter(({ argChoices }) => argChoices !== undefined)
    .map((option) => line(patternOf(option), option.argChoices ?? []))
    .concat(open.length > 0 ? line(open.join("|"), []) : []);
}

const choice = (pattern: string, words: readonly string[]): string =>
  line(patterned(pattern), words);

/** The pattern is quoted, apart from its star. */
const patterned = (pattern: string): string =>
  pattern
    .split("*")
    .map((part) => (part === "" ? "" : `"${part}"`))
    .join("*");

/** The words are ours: names, flags and enums. */
const line = (pattern: string, words: readonly string[]): string =>
  `    ${pattern}) choices="${words.join(" ")}" ;;\n`;
