/** The command line of a command that makes files of the contract. With `--check` it only looks. */
import { parseArgs } from "node:util";

export interface FileCommand {
  usage: string;
  /** Where the files are, unless the command line names another place. */
  usualPath: string;
  write: (path: string) => void;
  /** The files that are not as they would be written. */
  staleIn: (path: string) => string[];
  /** Makes them anew. */
  command: string;
}

/** Returns 0 when done, 1 when a file is stale, and 2 for a wrong command line. */
export function runFileCommand(made: FileCommand): number {
  const { usage, usualPath, write, staleIn, command } = made;
  const asked = readArguments();
  if (asked === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const { values, positionals } = asked;
  const [path = usualPath] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (!values.check) {
    write(path);
    return 0;
  }
  const stale = staleIn(path);
  for (const file of stale) process.stderr.write(`${file} is stale: run \`${command}\`.\n`);
  return stale.length === 0 ? 0 : 1;
}

function readArguments() {
  const options = { check: { type: "boolean" }, help: { type: "boolean" } } as const;
  try {
    const asked = parseArgs({ options, allowPositionals: true });
    return asked.positionals.length > 1 ? undefined : asked;
  } catch {
    return undefined;
  }
}
