/** `trtc-ingest report`: shows how ingests ended and how late their stops were. */
import { withEnvFile } from "../local/environment/env-file.js";
import { openRows } from "../local/environment/open-rows.js";
import type { CommandModule } from "../local/terminal/command.js";
import { print } from "../local/terminal/io.js";
import { printableJson } from "../local/terminal/terminal.js";
import { readFlags, reportCommand } from "./report/command-line.js";
import { runReport } from "./report/run.js";

/** The report reads every row. */
const QUERY_TIMEOUT_MS = 10 * 60_000;

export const report: CommandModule = {
  command: reportCommand,
  async run(args, io) {
    const now = io.clock.now();
    const { isLocal, envFile, json } = readFlags(args, now);
    const env = withEnvFile(io.env, envFile);
    const postgres = { connectionsMax: 1, queryTimeoutMs: QUERY_TIMEOUT_MS };
    const rows = await openRows(env, { what: "report", isLocal, postgres });
    try {
      if (rows.kind === "run") {
        const { out, code } = await rows.ask(args);
        print(io, out);
        return code;
      }
      const { database, others } = rows;
      const { out, code } = await runReport(args, { query: database.query, now });
      if (others.length === 0) {
        print(io, out);
        return code;
      }
      const all = [{ name: "default", out }];
      for (const { name, database } of others) {
        all.push({ name, out: (await runReport(args, { query: database.query, now })).out });
      }
      print(io, json ? documentOf(all) : all.map(headed).join("\n\n"));
      return code;
    } finally {
      await rows.close();
    }
  },
};

interface Part {
  /** The accounts of a database. */
  name: string;
  out: string;
}

const headed = ({ name, out }: Part): string => `${name}\n${out}`;

/** One document, with the report of each database by its name. */
const documentOf = (parts: readonly Part[]): string =>
  printableJson(Object.fromEntries(parts.map(({ name, out }) => [name, JSON.parse(out)])), 2);
