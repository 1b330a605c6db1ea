/** `npm run report`: shows how ingests ended and how late their stops were. */
import { systemClock } from "../shared/clock.js";
import { environment } from "../shared/config/environment.js";
import { withEnvFile } from "../local/environment/env-file.js";
import { openRows } from "../local/environment/open-rows.js";
import { HELP, readFlags } from "./report/command-line.js";
import { runReport } from "./report/run.js";
import { out, runMain } from "../local/terminal/terminal.js";

/** The report reads every row. */
const QUERY_TIMEOUT_MS = 10 * 60_000;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const now = systemClock.now();
  const { help, isLocal, envFile } = readFlags(args, now);
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const env = withEnvFile(environment(), envFile);
  const postgres = { connectionsMax: 1, queryTimeoutMs: QUERY_TIMEOUT_MS };
  const rows = await openRows(env, { what: "report", isLocal, postgres });
  try {
    const result = await (rows.kind === "run"
      ? rows.ask(args)
      : runReport(args, { query: rows.database.query, now }));
    out(result.out);
    process.exitCode = result.code;
  } finally {
    await rows.close();
  }
}

runMain(main);
