/** The flags of `npm run doctor`, and the environment that they make. */
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { whereOf } from "../../local/environment/run-file.js";
import { DEFAULT_PORT } from "../../emulator/defaults.js";
import { type LocalRun, type Subject, subjectOf } from "./subject.js";

export const HELP = `Checks a configuration, before and after deploying. Nothing is changed, started or sent to anybody
but your database, TRTC and your own functions.

  npm run doctor -- [flags]

  --env-file <file>     variables to read besides the environment's, which win (.env, if there is one)
  --url <url>           a deployed api function, to be asked; may be given again
  --callback-url <url>  the URL that TRTC calls back
  --local               fills in what npm start does, and asks the run of this machine: the one of DATA_DIR,
                        or at PORT and TRTC_PORT where they are set
  --strict              warnings count as failures
  --json                one JSON document instead of the table
  --help

Ends with 0 when nothing failed, and with 1 otherwise.
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
  const at = { variable: "TRTC_PORT", usual: DEFAULT_PORT, found: run?.trtcUrl };
  const trtc = whereOf(set, at);
  const gateway = whereOf(set, { variable: "PORT", usual: 3000, found: run?.url });
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
