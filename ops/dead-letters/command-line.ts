/** The words and flags of `npm run dead-letters`. */
import { parseArgs } from "node:util";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { readPort } from "../../local/environment/port.js";
import { DEFAULT_PORT } from "../../emulator/defaults.js";

export const HELP = `Messages of cloud events that came to nothing: what they were, and why. Each is kept once, however often it came.

  npm run dead-letters                       those that lie there, oldest first
  npm run dead-letters -- show <id>          one of them, with what it asks for
  npm run dead-letters -- replay <id> …      play them, by today's configuration; never a second robot
  npm run dead-letters -- replay --every     play all of them, oldest first
  npm run dead-letters -- drop <id> …        forget them
  npm run dead-letters -- drop --replayed    forget all that came to something after all

  npm run dead-letters -- notifications      what no NotifyUrl took for a day, the latest first
  npm run dead-letters -- resend <id> …      let deliver-notifications send those again, for another day

  --all              list those too that came to something after all
  --env-file <file>  variables to read besides the environment's, which win (.env, if there is one)
  --local            those of npm start, whether it runs or not; also without DATABASE_URL
  --json             one JSON document instead of lines
  --help

Reads what DATABASE_URL names; without it, what npm start has here (DATA_DIR). Replay also needs what the functions have: CALLERS, TRTC_APPS, RULES, EVENT_CALLERS, and
keys in TRTC_ACCOUNTS, since an execution role's are only inside the functions. A start that brought its own
ClientToken keeps the answer that the token once had. Ends with 1 when one of them came to nothing again.
`;

const FLAGS = {
  all: { type: "boolean" },
  every: { type: "boolean" },
  replayed: { type: "boolean" },
  "env-file": { type: "string" },
  local: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const VERBS = ["list", "show", "replay", "drop", "notifications", "resend"] as const;

export interface DeadLettersCommand {
  verb: (typeof VERBS)[number];
  ids: readonly string[];
  /** Of list: also those that came to something. Of replay and drop: instead of ids. */
  all: boolean;
  json: boolean;
  isLocal: boolean;
  env: Environment;
}

/** `undefined`: it is help that is wanted. Throws an Error that says what is wrong. */
export function readCommandLine(
  args: readonly string[],
  outer: Environment,
): DeadLettersCommand | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: FLAGS,
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const [named = "list", ...ids] = positionals;
  const verb = VERBS.find((each) => each === named);
  if (!verb) throw new Error(`name one of ${VERBS.join(", ")}; see --help`);
  const every = { list: values.all, replay: values.every, drop: values.replayed };
  const all = (every as Partial<Record<typeof verb, boolean>>)[verb] ?? false;
  const isList = verb === "list" || verb === "notifications";
  if (isList ? ids.length > 0 : all === ids.length > 0) throw new Error(IDS[verb]);
  const set = withEnvFile(outer, values["env-file"]);
  const isLocal = (values.local ?? false) || (set["DATABASE_URL"] ?? "") === "";
  const trtc = `http://127.0.0.1:${readPort(set, "TRTC_PORT", DEFAULT_PORT)}`;
  const env = isLocal ? localEnvironment(set, set["TRTC_ENDPOINT"] ?? trtc) : set;
  return { verb, ids, all, json: values.json ?? false, isLocal, env };
}

const IDS = {
  list: "list takes no ids: show has one letter",
  show: "show takes the ids of letters, as list has them",
  replay: "replay takes the ids of letters, or --every",
  drop: "drop takes the ids of letters, or --replayed",
  notifications: "notifications takes no ids: it lists them",
  resend: "resend takes the ids that `notifications` lists",
};
