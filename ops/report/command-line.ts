/** The flags of `trtc-ingest report`. */
import type { Command } from "commander";
import { newCommand, parse, UsageError } from "../../local/terminal/command.js";
import { readSince } from "../../local/terminal/times.js";

const DESCRIPTION = `Reports how many ingests started, why they ended, how late their stops were, the minutes that TRTC
played, and what they cost. Changes nothing.

Reads the PostgreSQL that DATABASE_URL names, in the environment or in .env. Without one it reads the rows of
npm start (DATA_DIR), running or not.`;

const EXAMPLES = `
trtc-ingest report --since 7d
trtc-ingest report --since 2026-01-31T08:00:00Z --caller AKIDmine --json`;

export const reportCommand = (): Command =>
  newCommand("report", DESCRIPTION, EXAMPLES)
    .option(
      "--since <when>",
      "a time before now (90s, 30m, 24h, 7d) or an instant in ISO 8601 with its offset",
      "24h",
    )
    .option("--caller <id>", "only this caller")
    .option("--sdk-app-id <id>", "only this application")
    .option("--local", "the rows of npm start, running or not; DATABASE_URL is ignored")
    .option(
      "--env-file <file>",
      "more variables (.env, if it exists); the environment's take precedence",
    )
    .option("--json", "one JSON document instead of the tables");

export interface Flags {
  json: boolean;
  isLocal: boolean;
  envFile: string | undefined;
  since: Date;
  callerId: string | undefined;
  sdkAppId: number | undefined;
}

/** Throws UsageError that says what is wrong. */
export function readFlags(args: readonly string[], now: Date): Flags {
  const flags = parse(reportCommand(), args).flags as {
    since: string;
    caller?: string;
    sdkAppId?: string;
    local?: boolean;
    envFile?: string;
    json?: boolean;
  };
  return {
    json: flags.json ?? false,
    isLocal: flags.local ?? false,
    envFile: flags.envFile,
    since: readSince(flags.since, now),
    callerId: flags.caller,
    sdkAppId: readSdkAppId(flags.sdkAppId),
  };
}

function readSdkAppId(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,15}$/.test(text)) {
    return text === undefined ? undefined : Number(text);
  }
  throw new UsageError(`--sdk-app-id ${text} is not an SdkAppId: send the application's number`);
}
