/** `trtc-ingest report`: shows how ingests ended and how late their stops were. */
import { withEnvFile } from "../local/environment/env-file.js";
import { openRows } from "../local/environment/open-rows.js";
import type { CommandModule } from "../local/terminal/command.js";
import { print } from "../local/terminal/io.js";
import { readFlags, reportCommand } from "./report/command-line.js";
import { runReport } from "./report/run.js";

/** The report reads every row. */
const QUERY_TIMEOUT_MS = 10 * 60_000;

export const report: CommandModule = {
  command: reportCommand,
  async run(args, io) {
    const now = io.clock.now();
    const { isLocal, envFile } = readFlags(args, now);
    const env = withEnvFile(io.env, envFile);
    const postgres = { connectionsMax: 1, queryTimeoutMs: QUERY_TIMEOUT_MS };
    const rows = await openRows(env, { what: "report", isLocal, postgres });
    try {
      const result = await (rows.kind === "run"
        ? rows.ask(args)
        : runReport(args, { query: rows.database.query, now }));
      print(io, result.out);
      return result.code;
    } finally {
      await rows.close();
    }
  },
};
