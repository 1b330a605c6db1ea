/** `trtc-ingest admin …`: the ingests of all callers, through the database. */
import { type Config, judgeConfig } from "../shared/config/configuration.js";
import type { Json } from "../shared/json.js";
import type { Log } from "../shared/log.js";
import { makeServices } from "../shared/runtime/services.js";
import type { Database } from "../shared/store/engine/database.js";
import { withEnvFile } from "../local/environment/env-file.js";
import { openRows } from "../local/environment/open-rows.js";
import type { CommandModule } from "../local/terminal/command.js";
import { type CostDocument, costLines } from "../local/terminal/costs.js";
import { EVENT_COLUMNS } from "../local/terminal/events.js";
import { ingestColumns, rowsOf, textOf } from "../local/terminal/ingests.js";
import { type Io, print } from "../local/terminal/io.js";
import { type Column, linesFor } from "../local/terminal/table.js";
import { type CommandResult, printableJson } from "../local/terminal/terminal.js";
import { adminCommand, type AdminFlags, readFlags, type Verb } from "./admin/command-line.js";
import type { AdminDesk, AdminDocument } from "./admin/outcome.js";
import { runAdminInAll } from "./admin/run-all.js";

export const adminModule = (verb: Verb): CommandModule => ({
  command: () => adminCommand(verb),
  async run(args, io) {
    const flags = readFlags(verb, args);
    const env = withEnvFile(io.env, flags.envFile);
    const rows = await openRows(env, { what: "admin", isLocal: flags.isLocal });
    try {
      const sent = [verb, ...args];
      const result = await (rows.kind === "run"
        ? rows.ask(sent)
        : runHere(sent, { io, env, databases: [rows.database, ...rows.others.map(databaseOf)] }));
      const isChange = verb === "stop" || verb === "move";
      if (verb === "cost") showCost(io, flags, JSON.parse(result.out) as CostDocument);
      else show(io, { verb, isJson: flags.isJson, isDry: isChange && !flags.isYes }, result.out);
      return result.code;
    } finally {
      await rows.close();
    }
  },
});

/** The command reports each ingest itself. */
const quiet: Log = () => undefined;

const databaseOf = ({ database }: { database: Database }): Database => database;

/**
 * No change of a row needs the variables of the functions, so a configuration that is not complete
 * serves as well.
 */
async function runHere(
  args: readonly string[],
  { io, env, databases }: { io: Io; env: Io["env"]; databases: [Database, ...Database[]] },
): Promise<CommandResult> {
  const config = judgeConfig(env).config as Config;
  const deskOf = (database: Database): AdminDesk => ({
    query: database.query,
    services: makeServices({ config, database, clock: io.clock, log: quiet }),
  });
  const [database, ...others] = databases;
  const desks = [deskOf(database), ...others.map(deskOf)] as const;
  try {
    return await runAdminInAll(args, desks);
  } finally {
    for (const { services } of desks) services.trtc.close();
  }
}

interface Shown {
  verb: Verb;
  isJson: boolean;
  /** Nothing was changed. */
  isDry: boolean;
}

function showCost(io: Io, { isJson }: AdminFlags, document: CostDocument): void {
  if (isJson) print(io, printableJson(document));
  else io.out.write(`${costLines(io, document, { isForAll: true }).join("\n")}\n`);
  const { Ingests: rows, Total } = document;
  if (rows.length === Total.Ingests) return;
  io.err.write(
    `the newest ${rows.length} of ${Total.Ingests}, and the sums of all: send a larger --limit for more rows\n`,
  );
}

function show(io: Io, { verb, isJson, isDry }: Shown, text: string): void {
  const { rows: answered, isCut } = JSON.parse(text) as AdminDocument;
  const rows = rowsOf(answered);
  if (isJson) for (const row of rows) print(io, printableJson(row));
  else {
    const columns = columnsOf(io, verb);
    if (rows.length > 0) io.out.write(`${linesFor(io, columns, rows).join("\n")}\n`);
  }
  const more = verb === "stop" ? "run it again for the others" : "send a larger --limit for more";
  if (isCut) io.err.write(`the newest ${rows.length}: ${more}\n`);
  else if (rows.length === 0) io.err.write("no ingests\n");
  if (isDry && rows.length > 0)
    io.err.write(`${rows.length}: nothing was changed; send --yes to do it\n`);
}

function columnsOf(io: Io, verb: Verb): readonly Column<Json>[] {
  if (verb === "timeline") return EVENT_COLUMNS;
  return verb === "list" ? listColumns(io) : OUTCOMES;
}

const CALLER: Column<Json> = { title: "CALLER", cell: ({ Caller }) => textOf(Caller) };

const listColumns = (io: Io): Column<Json>[] => {
  const [task, ...others] = ingestColumns(io);
  const trouble: Column<Json> = {
    title: "TROUBLE",
    cell: ({ Trouble }) => (Array.isArray(Trouble) ? Trouble.join("; ") : ""),
    colour: () => "red",
  };
  return task ? [task, CALLER, ...others, trouble] : [];
};

const OUTCOMES: readonly Column<Json>[] = [
  { title: "TASK", cell: ({ TaskId }) => textOf(TaskId) },
  CALLER,
  { title: "ROOM", cell: ({ RoomId }) => textOf(RoomId) },
  {
    title: "OUTCOME",
    cell: ({ Outcome }) => textOf(Outcome),
    colour: ({ ok }) => (ok === true ? undefined : "red"),
  },
];
