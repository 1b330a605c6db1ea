/** `cost`: what the caller's ingests have cost, and what they will have cost at their deadlines. */
import { costLines, costSheet } from "../../local/terminal/costs.js";
import { rowsOf } from "../../local/terminal/ingests.js";
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { type Io, print } from "../../local/terminal/io.js";
import { printableJson } from "../../local/terminal/terminal.js";
import { call, type Connection } from "../api/call.js";
import { addFields } from "../api/fields.js";
import { pagesOf } from "../api/pages.js";
import type { Answer } from "../api/send.js";
import { type CallFlags, connect, show, withTarget } from "./action-command.js";
import { describeRequests, listRequest, refuseBoth } from "./selection.js";

const command = () => {
  const made = newCommand(
    "cost",
    `Shows what ingests have cost so far, what they will have cost at their deadlines, and the sums: Cost of
DescribeStreamIngest for the given ingests, or of ListStreamIngests for those that run or as the flags say.

It is an estimate of TRTC's bill for the robots, without viewers. docs/operations.md says what is in it.`,
    `
trtc-ingest cost
trtc-ingest cost ing-… ing-…
trtc-ingest cost --state ended --room-id 8489 --room-id-type 1
trtc-ingest cost --json | jq .Total.UsdToDeadline`,
  ).argument("[TaskId...]");
  addFields(made, "ListStreamIngests", { positional: ["Cursor"] });
  return withTarget(made);
};

export const cost: CommandModule = {
  command,
  async run(args, io) {
    const { flags, rest } = parse(command(), args);
    refuseBoth(rest, flags);
    const given = flags as CallFlags;
    const answers = rest.length > 0 ? await describing(rest, given, io) : await listing(given, io);
    const sheet = costSheet();
    for await (const answer of answers) {
      if (answer.error) return show(answer, { flags: given, io, lines: () => [] });
      const { Ingests } = answer.response;
      for (const row of rest.length > 0 ? [answer.response] : rowsOf(Ingests)) sheet.add(row);
    }
    if (given.json === true) print(io, printableJson(sheet.document()));
    else io.out.write(`${costLines(io, sheet.document()).join("\n")}\n`);
    return 0;
  },
};

async function describing(taskIds: readonly string[], flags: CallFlags, io: Io) {
  const requests = await describeRequests(taskIds, io);
  return described(await connect(flags, io), requests);
}

async function* described(
  connection: Connection,
  requests: readonly object[],
): AsyncGenerator<Answer> {
  for (const request of requests) yield await call(connection, "DescribeStreamIngest", request);
}

async function listing(flags: CallFlags, io: Io) {
  const request = await listRequest(flags, io);
  return pagesOf(await connect(flags, io), "ListStreamIngests", { request, isWhole: true });
}
