/** The verbs and flags of `npm run dead-letters`. */
import { parseArgs } from "node:util";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { readPort } from "../../local/environment/port.js";
import { DEFAULT_PORT } from "../../emulator/defaults.js";

export const HELP = `Dead letters: messages of cloud events that failed, each with its reason. Each is kept once, however often it came.

  npm run dead-letters                       list them, oldest first
  npm run dead-letters -- show <id>          one of them, with the request in it
  npm run dead-letters -- replay <id> …      play them with the current configuration; never starts a second robot
  npm run dead-letters -- replay --every     play all of them, oldest first
  npm run dead-letters -- drop <id> …        delete them
  npm run dead-letters -- drop --replayed    delete all that a replay played

  npm run dead-letters -- notifications      list notifications that no NotifyUrl accepted for a day, latest first
  npm run dead-letters -- resend <id> …      make deliver-notifications send them again, for another day

  --all              list also those that a replay played
  --env-file <file>  more variables (.env, if it exists); the environment's take precedence
  --local            the dead letters of npm start, running or not; the default without DATABASE_URL
  --json             one JSON document instead of lines
  --help

Reads the database of DATABASE_URL; without it, the one of npm start (DATA_DIR). Replay also needs the variables
of the functions: CALLERS, TRTC_APPS, RULES, EVENT_CALLERS, and keys in TRTC_ACCOUNTS, since an execution role's
keys exist only inside the functions. A start with its own ClientToken keeps the token's earlier answer.
Exits with 1 when a message failed again.
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
  /** For list: include replayed ones. For replay and drop: all of them instead of ids. */
  all: boolean;
  json: boolean;
  isLocal: boolean;
  env: Environment;
}

/** `undefined`: print the help text. Throws an Error that says what is wrong. */
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
  const verb = VERBS.find((name) => name === named);
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
  list: "list takes no ids: use show for one dead letter",
  show: "show takes the ids of dead letters from list",
  replay: "replay takes the ids of dead letters, or --every",
  drop: "drop takes the ids of dead letters, or --replayed",
  notifications: "notifications takes no ids: it lists all",
  resend: "resend takes ids from `notifications`",
};
