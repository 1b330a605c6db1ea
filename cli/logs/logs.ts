/** `logs`: the log lines of the functions that run on this machine. */
import { Option } from "commander";
import { withEnvFile } from "../../local/environment/env-file.js";
import { logFilesOf } from "../../local/environment/log-file.js";
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { hasColours, type Io, print } from "../../local/terminal/io.js";
import { coloured, type Column, linesFor } from "../../local/terminal/table.js";
import { lineOf } from "../../local/terminal/terminal-log.js";
import { namedDeployment, type TargetFlags } from "../api/deployment.js";
import { filterOf, LEVELS, type LogFlags, type LogLine, readLine } from "./filter.js";
import { appendedLines, openLines } from "./read-lines.js";

const command = () =>
  newCommand(
    "logs",
    `Shows the log of npm start on this machine, oldest first: a line for each call that a function answered, for each
run of a timer with work, and for each callback. npm start keeps it in DATA_DIR/log.jsonl.

The functions of a deployment write their log at the cloud. For one, the command says where it is.`,
    `
trtc-ingest logs --task ing-… --since 1h
trtc-ingest logs --level warn --follow
trtc-ingest logs --function room-callback --json | jq .`,
  )
    .option("--task <TaskId>", "only lines about this ingest")
    .option("--function <name>", "only lines of this function, such as expire-ingests")
    .addOption(new Option("--level <level>", "only this level and worse").choices(LEVELS))
    .option("--caller <id>", "only lines of this caller")
    .option("--room <id>", "only lines about this room")
    .option("--request-id <id>", "only lines of this request, which timeline shows too")
    .option("--since <when>", "only lines since then: 90s, 30m, 24h, 7d, or an instant")
    .option("--follow", "new lines as they come, until Ctrl-C")
    .option("--profile <name>", "a deployment of the profiles file (TRTC_INGEST_PROFILE)")
    .option("--local", "npm start on this machine")
    .option("--json", "the lines as they are");

interface Flags extends TargetFlags, LogFlags {
  follow?: boolean;
  json?: boolean;
}

export const logs: CommandModule = {
  command,
  async run(args, io) {
    const flags = parse(command(), args).flags as Flags;
    const isShown = filterOf(flags, io.clock.now());
    // Where nothing names a deployment, it is the run on this machine, also one that has ended.
    if (namedDeployment(io.env, flags)?.kind === "named") throw new Error(ELSEWHERE);
    const { current, older } = logFilesOf(withEnvFile(io.env));
    const write = writerOn(io, flags.json ?? false);
    const show = (text: string) => {
      const line = readLine(text);
      if (line && isShown(line)) write(line, text);
    };
    const interrupted = flags.follow === true ? io.untilInterrupted() : undefined;
    const lines = await openLines(current);
    const past = await openLines(older);
    // A file that became the older one just now is read as the current one only.
    const isMoved = (await lines?.isAt(older)) === true;
    if (!isMoved) for await (const text of past?.read() ?? []) show(text);
    await past?.close();
    if (!lines) {
      throw new Error(`there is no log at ${current}: run npm start here, or set its DATA_DIR`);
    }
    for await (const text of lines.read()) show(text);
    if (!interrupted) await lines.close();
    else {
      const following = { path: current, clock: io.clock, interrupted };
      for await (const text of appendedLines(lines, following)) show(text);
    }
    return 0;
  },
};

const ELSEWHERE = `the functions of a deployment write their log at the cloud:
Tencent Cloud   the tab Log query of each function in SCF's console, or its topic in Cloud Log Service
AWS             npx serverless logs --config serverless.aws.yml --function start-ingest --tail
--local shows the log of npm start on this machine`;

const COLOURS = { info: undefined, warn: "yellow", error: "red" } as const;

function writerOn(io: Io, isJson: boolean): (line: LogLine, text: string) => void {
  if (isJson) return (_, text) => print(io, text);
  if (io.out.isTTY !== true) {
    return (line) => io.out.write(`${linesFor(io, COLUMNS, [line]).join("\n")}\n`);
  }
  return (line) => {
    const colour = hasColours(io) ? COLOURS[line.level] : undefined;
    io.out.write(`${coloured(lineOf(line, new Date(line.time)), colour)}\n`);
  };
}

const countsOf = ({ counts = {} }: LogLine): string =>
  Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

const COLUMNS: readonly Column<LogLine>[] = [
  { title: "TIME", cell: ({ time }) => time },
  { title: "LEVEL", cell: ({ level }) => level },
  { title: "FUNCTION", cell: (line) => line.function ?? "" },
  { title: "OUTCOME", cell: ({ outcome }) => outcome },
  { title: "CALLER", cell: ({ caller = "" }) => caller },
  { title: "ROOM", cell: ({ room = "" }) => room },
  { title: "TASK", cell: ({ ingest = "" }) => ingest },
  { title: "REQUEST", cell: ({ requestId = "" }) => requestId },
  {
    title: "WHAT",
    cell: (line) => [line.action, countsOf(line), line.detail].filter(Boolean).join("; "),
  },
];
