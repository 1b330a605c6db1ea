/** `stop`: ends ingests, and says of each what became of it. */
import { newCommand, type CommandModule, parse } from "../../local/terminal/command.js";
import { print } from "../../local/terminal/io.js";
import { printable, printableJson } from "../../local/terminal/terminal.js";
import { call, type Connection } from "../api/call.js";
import { type Answer, NoAnswer } from "../api/send.js";
import { readRequest } from "../api/request.js";
import { type CallFlags, connect, refusalOf, withTarget } from "./action-command.js";

const command = () =>
  withTarget(
    newCommand(
      "stop",
      "Ends ingests: StopStreamIngest for each. An ingest that has ended already counts as done.",
      `
trtc-ingest stop ing-…
trtc-ingest list --state running --all | cut -f1 | xargs trtc-ingest stop`,
    ).argument("<TaskId...>"),
  );

export const stop: CommandModule = {
  command,
  async run(args, io) {
    const { flags, rest } = parse(command(), args);
    const requests = [];
    // All are checked before the first is stopped.
    for (const TaskId of rest) {
      requests.push({
        TaskId,
        fields: await readRequest("StopStreamIngest", { flags, positional: { TaskId } }, io),
      });
    }
    const isJson = (flags as CallFlags).json ?? false;
    const connection = await connect(flags, io);
    let isWell = true;
    for (const { TaskId, fields } of requests) {
      const answer = await answerOrNone(connection, fields);
      const isRefused = answer instanceof NoAnswer || answer.error !== undefined;
      isWell &&= !isRefused;
      if (answer instanceof NoAnswer) io.err.write(`${TaskId}\t${printable(answer.message)}\n`);
      else if (isJson) print(io, printableJson(answer.envelope));
      else io.out.write(`${printable(TaskId)}\t${isRefused ? refusalOf(answer) : "stopped"}\n`);
    }
    return isWell ? 0 : 1;
  },
};

/** An ingest without an answer does not hold up the others. */
async function answerOrNone(connection: Connection, fields: object): Promise<Answer | NoAnswer> {
  try {
    return await call(connection, "StopStreamIngest", fields);
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}
