/** The flags of `trtc-ingest doctor`, and the environment that they produce. */
import type { Command } from "commander";
import { systemClock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { whereOf } from "../../local/environment/run-file.js";
import { newCommand, parse, UsageError } from "../../local/terminal/command.js";
import { DEFAULT_PORT } from "../../emulator/defaults.js";
import { type LocalRun, type Subject, subjectOf } from "./subject.js";

const DESCRIPTION = `Checks a configuration, before and after deploying. It changes and starts nothing, and contacts only
your database, TRTC and your own functions. Ends with 1 when a check failed.`;

const EXAMPLES = `
trtc-ingest doctor --local
trtc-ingest doctor --url https://….ap-singapore.tencentscf.com --strict`;

const repeated = (value: string, before: readonly string[] = []): string[] => before.concat(value);

export const doctorCommand = (): Command =>
  newCommand("doctor", DESCRIPTION, EXAMPLES)
    .option(
      "--env-file <file>",
      "more variables (.env, if it exists); the environment's take precedence",
    )
    .option("--url <url>", "a deployed api function to check; may be repeated", repeated)
    .option("--callback-url <url>", "the URL that TRTC calls back")
    .option(
      "--local",
      "use the defaults of npm start and check the run on this machine: the one of DATA_DIR, or the one at PORT and TRTC_PORT if they are set",
    )
    .option("--strict", "warnings count as failures")
    .option("--json", "one JSON document instead of the table");

export interface CommandLine {
  strict: boolean;
  json: boolean;
  subject: Subject;
}

/** Throws UsageError that says what is wrong. */
export function readCommandLine(
  args: readonly string[],
  outer: Environment,
  run?: LocalRun,
): CommandLine {
  const flags = parse(doctorCommand(), args).flags as {
    envFile?: string;
    url?: string[];
    callbackUrl?: string;
    local?: boolean;
    strict?: boolean;
    json?: boolean;
  };
  const { local: isLocal = false, callbackUrl } = flags;
  const set = withEnvFile(outer, flags.envFile);
  const urls = (flags.url ?? []).map((url) => readUrl("--url", url));
  const at = { variable: "TRTC_PORT", usual: DEFAULT_PORT, runUrl: run?.trtcUrl };
  const trtc = whereOf(set, at);
  const gateway = whereOf(set, { variable: "PORT", usual: 3000, runUrl: run?.url });
  return {
    strict: flags.strict ?? false,
    json: flags.json ?? false,
    subject: subjectOf({
      env: isLocal ? localEnvironment(set, trtc) : set,
      isLocal,
      run: isLocal ? run : undefined,
      urls: isLocal ? [gateway, ...urls] : urls,
      callbackUrl: callbackUrl === undefined ? undefined : readUrl("--callback-url", callbackUrl),
      clock: systemClock,
    }),
  };
}

function readUrl(flag: string, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError(`${flag} must be a URL that begins with https://`);
}
