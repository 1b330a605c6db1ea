/** The report itself, for the rows of any database. */
import type { Query } from "../../shared/store/engine/database.js";
import { readReport } from "../../shared/store/report.js";
import { readVersion, versionFault } from "../../shared/store/schema/version.js";
import {
  printableJson,
  printableLines,
  type CommandResult,
} from "../../local/terminal/terminal.js";
import { readFlags } from "./command-line.js";
import { tablesOf } from "./tables.js";

/** Throws an Error for wrong flags, and for a database of another version. */
export async function runReport(
  args: readonly string[],
  { query, now }: { query: Query; now: Date },
): Promise<CommandResult> {
  const { json, since, callerId, sdkAppId } = readFlags(args, now);
  const fault = versionFault(await readVersion(query));
  if (fault !== undefined) throw new Error(fault);
  const report = { since, now, ...(await readReport(query, { since, callerId, sdkAppId, now })) };
  return {
    out: json ? printableJson(report, 2) : printableLines(tablesOf(report).trimEnd()),
    code: 0,
  };
}
