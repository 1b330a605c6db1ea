/** A command that sends one action: its flags come from the contract, and its answer is shown. */
import type { Command } from "commander";
import type { Action } from "../../shared/contract/schemas.js";
import type { Json } from "../../shared/json.js";
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { type Io, print } from "../../local/terminal/io.js";
import { printable, printableJson } from "../../local/terminal/terminal.js";
import { call, type Connection } from "../api/call.js";
import { addFields } from "../api/fields.js";
import { readRequest } from "../api/request.js";
import type { Answer } from "../api/send.js";
import type { TargetFlags } from "../api/deployment.js";
import { readTarget } from "../api/target.js";

export interface ActionSpec {
  name: string;
  action: Action;
  description: string;
  examples: string;
  /** Fields that stand without a flag, such as `<TaskId>` or `[ScheduleId]`. */
  positional?: readonly { field: string; isOptional?: boolean }[];
  /** The answer as lines, without control characters of others. */
  lines: (response: Json, io: Io) => string[];
}

export interface CallFlags extends TargetFlags {
  json?: boolean;
  verbose?: boolean;
}

/** The flags that every command over the public API has. */
export const withTarget = (command: Command): Command =>
  command
    .option("--profile <name>", "a deployment of the profiles file (TRTC_INGEST_PROFILE)")
    .option("--local", "npm start on this machine")
    .option("--json", "the answer as the API sends it, one line")
    .option("--verbose", "each request and its RequestId, on stderr");

export const connect = async (flags: CallFlags, io: Io): Promise<Connection> => ({
  target: await readTarget(io.env, flags),
  io,
  isVerbose: flags.verbose ?? false,
});

export function actionCommand(spec: ActionSpec): CommandModule {
  const { name, action, description, examples, positional = [], lines } = spec;
  const fields = positional.map(({ field }) => field);
  const command = () => {
    const made = newCommand(name, description, examples);
    for (const { field, isOptional } of positional) {
      made.argument(isOptional === true ? `[${field}]` : `<${field}>`);
    }
    addFields(made, action, { positional: fields });
    made.option("--json-body <source>", "the fields as JSON: - for stdin, or @ and a file");
    return withTarget(made);
  };
  return {
    command,
    async run(args, io) {
      const { flags, rest } = parse(command(), args);
      const named = Object.fromEntries(rest.map((text, at) => [fields[at] ?? "", text]));
      const request = await readRequest(action, { flags, positional: named }, io);
      const connection = await connect(flags, io);
      const answer = await call(connection, action, request);
      return show(answer, { flags, io, lines: () => lines(answer.response, io) });
    },
  };
}

interface Shown {
  flags: CallFlags;
  io: Io;
  lines: () => string[];
}

/** Returns the exit code. With `--json` a refusal goes to stdout too, as the API sends it. */
export function show(answer: Answer, { flags, io, lines }: Shown): number {
  if (flags.json === true) print(io, printableJson(answer.envelope));
  else if (answer.error) io.err.write(`${refusalOf(answer)}\n`);
  else for (const line of lines()) io.out.write(`${line}\n`);
  return answer.error ? 1 : 0;
}

export const refusalOf = ({ error, requestId }: Answer): string =>
  printable(`${error?.code ?? ""}: ${error?.message ?? ""} (RequestId ${requestId})`);
