/** The flags of `npm run doctor`, and the environment that they produce. */
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { whereOf } from "../../local/environment/run-file.js";
import { DEFAULT_PORT } from "../../emulator/defaults.js";
import { type LocalRun, type Subject, subjectOf } from "./subject.js";

export const HELP = `Checks a configuration, before and after deploying. It changes and starts nothing, and contacts only
your database, TRTC and your own functions.

  npm run doctor -- [flags]

  --env-file <file>     more variables (.env, if it exists); the environment's take precedence
  --url <url>           a deployed api function to check; may be repeated
  --callback-url <url>  the URL that TRTC calls back
  --local               uses the defaults of npm start and checks the run on this machine: the one of DATA_DIR,
                        or the one at PORT and TRTC_PORT if they are set
  --strict              warnings count as failures
  --json                one JSON document instead of the table
  --help

Exits with 0 when nothing failed, otherwise with 1.
`;

const FLAGS = {
  "env-file": { type: "string" },
  url: { type: "string", multiple: true },
  "callback-url": { type: "string" },
  local: { type: "boolean" },
  strict: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export interface CommandLine {
  help: boolean;
  strict: boolean;
  json: boolean;
  subject: Subject;
}

/** Throws an Error that says what is wrong. */
export function readCommandLine(
  args: readonly string[],
  outer: Environment,
  run?: LocalRun,
): CommandLine {
  const { values } = parseArgs({ args: [...args], options: FLAGS });
  const isLocal = values.local ?? false;
  const set = withEnvFile(outer, values["env-file"]);
  const urls = (values.url ?? []).map((url) => readUrl("--url", url));
  const callbackUrl = values["callback-url"];
  const at = { variable: "TRTC_PORT", usual: DEFAULT_PORT, runUrl: run?.trtcUrl };
  const trtc = whereOf(set, at);
  const gateway = whereOf(set, { variable: "PORT", usual: 3000, runUrl: run?.url });
  return {
    help: values.help ?? false,
    strict: values.strict ?? false,
    json: values.json ?? false,
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
  throw new Error(`${flag} must be a URL that begins with https://`);
}
