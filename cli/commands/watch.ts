/** `watch`: ingests with live rows, until they have ended or Ctrl-C. */
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { rowsOf } from "../../local/terminal/ingests.js";
import type { Io } from "../../local/terminal/io.js";
import type { Json } from "../../shared/json.js";
import { call, type Connection } from "../api/call.js";
import { addFields } from "../api/fields.js";
import type { Answer } from "../api/send.js";
import { type CallFlags, connect, withTarget } from "./action-command.js";
import { readInterval, watchRows } from "./live.js";
import { screenOn } from "./screen.js";
import { describeRequests, listRequest, refuseBoth } from "./selection.js";

const command = () => {
  const made = newCommand(
    "watch",
    `Shows ingests with live rows. With TaskIds it asks DescribeStreamIngest for each, and ends when all have
ended. Without them it asks ListStreamIngests, for those that run or as the flags say, until Ctrl-C.

On a terminal the table is drawn again. Elsewhere each change is a line, with its time in front.`,
    `
trtc-ingest watch
trtc-ingest watch ing-… ing-…
trtc-ingest watch --room-id 8489 --room-id-type 1 --interval 10`,
  ).argument("[TaskId...]");
  addFields(made, "ListStreamIngests", { positional: ["Cursor"] });
  made.option("--interval <seconds>", "the time between two requests", "2");
  return withTarget(made);
};

export const watch: CommandModule = {
  command,
  async run(args, outer) {
    const { flags, rest } = parse(command(), args);
    const screen = screenOn(outer);
    const { io } = screen;
    refuseBoth(rest, flags);
    const { interval, ...others } = flags as CallFlags & { interval: string };
    const intervalMs = readInterval(interval);
    const ask = rest.length > 0 ? await describing(rest, others, io) : await listing(others, io);
    return watchRows({
      screen,
      isJson: others.json ?? false,
      intervalMs,
      ask,
      isOver: (rows) => rest.length > 0 && rows.every(({ State }) => State === "ended"),
    });
  },
};

type Ask = () => Promise<{ answers: Answer[]; rows: Json[] }>;

async function describing(taskIds: readonly string[], flags: CallFlags, io: Io): Promise<Ask> {
  const requests = await describeRequests(taskIds, io);
  const connection = await connect(flags, io);
  return async () => {
    const answers = await inTurn(connection, requests);
    return { answers, rows: answers.map(({ response }) => response) };
  };
}

async function inTurn(connection: Connection, requests: readonly object[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const request of requests) {
    answers.push(await call(connection, "DescribeStreamIngest", request));
  }
  return answers;
}

async function listing(flags: CallFlags, io: Io): Promise<Ask> {
  const request = await listRequest(flags, io);
  const connection = await connect(flags, io);
  return async () => {
    const answer = await call(connection, "ListStreamIngests", request);
    return { answers: [answer], rows: rowsOf(answer.response["Ingests"]) };
  };
}
