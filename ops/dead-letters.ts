/** `trtc-ingest dead-letters`: shows messages of cloud events that failed, and replays them. */
import type { Services } from "../shared/ingest/services.js";
import type { Log } from "../shared/log.js";
import { makeServices } from "../shared/runtime/services.js";
import { createStore } from "../shared/store/store.js";
import { readConfig } from "../shared/config/configuration.js";
import {
  type DeadLettersCommand,
  deadLettersCommand,
  readCommandLine,
} from "./dead-letters/command-line.js";
import { runDeadLetters } from "./dead-letters/run.js";
import { openRows, type Rows } from "../local/environment/open-rows.js";
import type { CommandModule } from "../local/terminal/command.js";
import { type Io, print } from "../local/terminal/io.js";
import { progressOn } from "../local/terminal/progress.js";
import type { CommandResult } from "../local/terminal/terminal.js";

/** The command reports each dead letter itself. The functions' log lines would repeat it. */
const quiet: Log = () => undefined;

export const deadLetters: CommandModule = {
  command: deadLettersCommand,
  async run(args, io) {
    const command = readCommandLine(args, io.env);
    const { env, isLocal } = command;
    const rows = await openRows(env, { what: "dead-letters", isLocal });
    try {
      const result = await (rows.kind === "run"
        ? rows.ask(withoutFiles(args))
        : runHere(args, { io, command, rows }));
      print(io, result.out);
      return result.code;
    } finally {
      await rows.close();
    }
  },
};

type Opened = Extract<Rows, { kind: "database" }>;

async function runHere(
  args: readonly string[],
  { io, command, rows }: { io: Io; command: DeadLettersCommand; rows: Opened },
): Promise<CommandResult> {
  const { clock } = io;
  const progress = io.err.isTTY === true ? progressOn(io.err, clock) : undefined;
  let made: Services | undefined;
  const { database } = rows;
  const others = new Map(rows.others.map((other) => [other.url, other.database]));
  const services = () =>
    (made = makeServices({ config: readConfig(command.env), database, others, log: quiet }));
  try {
    return await runDeadLetters(args, {
      env: io.env,
      clock,
      store: createStore(database),
      others: [...others.values()].map((other) => createStore(other)),
      services,
      onProgress: (done, all) => progress?.show(`replayed ${done} of ${all}`),
    });
  } finally {
    progress?.end();
    made?.trtc.close();
  }
}

/** The run of this machine has its own settings, so it does not get the file flags. */
const withoutFiles = (args: readonly string[]): string[] =>
  args.filter((arg, at) => !arg.startsWith("--env-file") && args[at - 1] !== "--env-file");
