/** `npm run dead-letters`: shows messages of cloud events that failed, and replays them. */
import { environment } from "../shared/config/environment.js";
import { systemClock as clock } from "../shared/clock.js";
import type { Services } from "../shared/ingest/services.js";
import type { Log } from "../shared/log.js";
import { makeServices } from "../shared/runtime/services.js";
import type { Database } from "../shared/store/engine/database.js";
import { createStore } from "../shared/store/store.js";
import { readConfig } from "../shared/config/configuration.js";
import { HELP, type DeadLettersCommand, readCommandLine } from "./dead-letters/command-line.js";
import { runDeadLetters } from "./dead-letters/run.js";
import { openRows } from "../local/environment/open-rows.js";
import { progressOn } from "../local/terminal/progress.js";
import { out, runMain, type CommandResult } from "../local/terminal/terminal.js";

/** The command reports each dead letter itself. The functions' log lines would repeat it. */
const quiet: Log = () => undefined;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const command = readCommandLine(args, environment());
  if (!command) {
    process.stdout.write(HELP);
    return;
  }
  const { env, isLocal } = command;
  const rows = await openRows(env, { what: "dead-letters", isLocal });
  try {
    const result = await (rows.kind === "run"
      ? rows.ask(withoutFiles(args))
      : runHere(args, command, rows.database));
    out(result.out);
    process.exitCode = result.code;
  } finally {
    await rows.close();
  }
}

async function runHere(
  args: readonly string[],
  { env }: DeadLettersCommand,
  database: Database,
): Promise<CommandResult> {
  const progress = process.stderr.isTTY ? progressOn(process.stderr, clock) : undefined;
  let made: Services | undefined;
  try {
    return await runDeadLetters(args, {
      env: environment(),
      clock,
      store: createStore(database),
      services: () => (made = makeServices({ config: readConfig(env), database, log: quiet })),
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

runMain(main);
