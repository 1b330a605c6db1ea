/** `callbacks list`: what TRTC's callbacks changed, from the history of ingests. */
import { isObject, type Json } from "../../shared/json.js";
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { EVENT_COLUMNS } from "../../local/terminal/events.js";
import { rowsOf, textOf } from "../../local/terminal/ingests.js";
import { type Io, print } from "../../local/terminal/io.js";
import { type Column, linesFor } from "../../local/terminal/table.js";
import { printableJson } from "../../local/terminal/terminal.js";
import { call, type Connection } from "../api/call.js";
import { addFields } from "../api/fields.js";
import { pagesOf } from "../api/pages.js";
import { readRequest } from "../api/request.js";
import type { Answer } from "../api/send.js";
import { type CallFlags, connect, show, withTarget } from "../commands/action-command.js";
import { refuseBoth } from "../commands/selection.js";

const command = () => {
  const made = newCommand(
    "callbacks list",
    `Lists what TRTC's callbacks changed, oldest first: the events of DescribeIngestTimeline that a callback made. It
takes the given ingests, or those that ListStreamIngests gives for the flags, such as a room's newest 20.

A callback that changed nothing is in the log only: trtc-ingest logs --function room-callback.`,
    `
trtc-ingest callbacks list ing-…
trtc-ingest callbacks list --room-id 8489 --room-id-type 1 --limit 5`,
  ).argument("[TaskId...]");
  addFields(made, "ListStreamIngests", { positional: ["Cursor"] });
  return withTarget(made);
};

export const list: CommandModule = {
  command,
  async run(args, io) {
    const { flags, rest } = parse(command(), args);
    refuseBoth(rest, flags);
    const connection = await connect(flags, io);
    try {
      const taskIds = rest.length > 0 ? rest : await listed(connection, flags, io);
      const events: Json[] = [];
      for (const TaskId of taskIds) events.push(...(await callbacksOf(connection, TaskId, io)));
      events.sort((one, other) => textOf(one["Time"]).localeCompare(textOf(other["Time"])));
      write(io, events, (flags as CallFlags).json ?? false);
      return 0;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return show(error.answer, { flags, io, lines: () => [] });
    }
  },
};

class Refused extends Error {
  constructor(readonly answer: Answer) {
    super("the functions refused the request");
  }
}

function accepted(answer: Answer): Json {
  if (answer.error) throw new Refused(answer);
  return answer.response;
}

async function listed(connection: Connection, flags: object, io: Io): Promise<string[]> {
  const request = await readRequest("ListStreamIngests", { flags }, io);
  const { Ingests } = accepted(await call(connection, "ListStreamIngests", request));
  return rowsOf(Ingests).map(({ TaskId }) => textOf(TaskId));
}

async function callbacksOf(connection: Connection, TaskId: string, io: Io): Promise<Json[]> {
  const given = { flags: { limit: "100" }, positional: { TaskId } };
  const request = await readRequest("DescribeIngestTimeline", given, io);
  const events: Json[] = [];
  for await (const answer of pagesOf(connection, "DescribeIngestTimeline", {
    request,
    isWhole: true,
  })) {
    events.push(...rowsOf(accepted(answer)["Events"]));
  }
  return events
    .filter(({ Actor }) => isObject(Actor) && Actor["Kind"] === "callback")
    .map((event) => ({ TaskId, ...event }));
}

const TASK: Column<Json> = { title: "TASK", cell: ({ TaskId }) => textOf(TaskId) };

function write(io: Io, events: readonly Json[], isJson: boolean): void {
  if (isJson) for (const event of events) print(io, printableJson(event));
  else if (events.length > 0) {
    io.out.write(`${linesFor(io, [TASK, ...EVENT_COLUMNS], events).join("\n")}\n`);
  }
  if (events.length === 0) io.err.write("no callbacks\n");
}
