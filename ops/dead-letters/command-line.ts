/** The verbs and flags of `trtc-ingest dead-letters`. */
import type { Command } from "commander";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { readPort } from "../../local/terminal/port.js";
import { newCommand, parse, UsageError } from "../../local/terminal/command.js";
import { DEFAULT_PORT } from "../../emulator/defaults.js";

const DESCRIPTION = `Dead letters: messages of cloud events that failed, each with its reason. Each is kept once, however often
it came.

Reads the database of DATABASE_URL; without it, the one of npm start (DATA_DIR). Replay also needs the
variables of the functions: CALLERS, TRTC_APPS, RULES, EVENT_CALLERS, and keys in TRTC_ACCOUNTS, since an
execution role's keys exist only inside the functions. A start with its own ClientToken keeps the token's
earlier answer. Ends with 1 when a message failed again.`;

const EXAMPLES = `
trtc-ingest dead-letters                    list them, oldest first
trtc-ingest dead-letters show <id>          one of them, with the request in it
trtc-ingest dead-letters replay <id> …      play them with the current configuration; never starts a second robot
trtc-ingest dead-letters replay --every     play all of them, oldest first
trtc-ingest dead-letters drop <id> …        delete them
trtc-ingest dead-letters drop --replayed    delete all that a replay played

trtc-ingest dead-letters notifications      list notifications that no NotifyUrl accepted for a day, latest first
trtc-ingest dead-letters resend <id> …      make deliver-notifications send them again, for another day`;

const VERBS = ["list", "show", "replay", "drop", "notifications", "resend"] as const;

export const deadLettersCommand = (): Command =>
  newCommand("dead-letters", DESCRIPTION, EXAMPLES)
    .argument("[verb]", VERBS.join(", "), "list")
    .argument("[ids...]", "the ids that a list shows")
    .option("--all", "list also those that a replay played")
    .option("--every", "replay all of them")
    .option("--replayed", "drop all that a replay played")
    .option(
      "--env-file <file>",
      "more variables (.env, if it exists); the environment's take precedence",
    )
    .option(
      "--local",
      "the dead letters of npm start, running or not; the default without DATABASE_URL",
    )
    .option("--json", "one JSON document instead of lines");

export interface DeadLettersCommand {
  verb: (typeof VERBS)[number];
  ids: readonly string[];
  /** For list: include replayed ones. For replay and drop: all of them instead of ids. */
  all: boolean;
  json: boolean;
  isLocal: boolean;
  env: Environment;
}

/** Throws UsageError that says what is wrong. */
export function readCommandLine(args: readonly string[], outer: Environment): DeadLettersCommand {
  const parsed = parse(deadLettersCommand(), args);
  const { rest } = parsed;
  const flags = parsed.flags as {
    all?: boolean;
    every?: boolean;
    replayed?: boolean;
    envFile?: string;
    local?: boolean;
    json?: boolean;
  };
  const [named = "list", ...ids] = rest;
  const verb = VERBS.find((name) => name === named);
  if (!verb) throw new UsageError(`name one of ${VERBS.join(", ")}; see --help`);
  const every = { list: flags.all, replay: flags.every, drop: flags.replayed };
  const all = (every as Partial<Record<typeof verb, boolean>>)[verb] ?? false;
  const isList = verb === "list" || verb === "notifications";
  if (isList ? ids.length > 0 : all === ids.length > 0) throw new UsageError(IDS[verb]);
  const set = withEnvFile(outer, flags.envFile);
  const isLocal = (flags.local ?? false) || (set["DATABASE_URL"] ?? "") === "";
  const trtc = `http://127.0.0.1:${readPort(set, "TRTC_PORT", DEFAULT_PORT)}`;
  const env = isLocal ? localEnvironment(set, set["TRTC_ENDPOINT"] ?? trtc) : set;
  return { verb, ids, all, json: flags.json ?? false, isLocal, env };
}

const IDS = {
  list: "list takes no ids: use show for one dead letter",
  show: "show takes the ids of dead letters from list",
  replay: "replay takes the ids of dead letters, or --every",
  drop: "drop takes the ids of dead letters, or --replayed",
  notifications: "notifications takes no ids: it lists all",
  resend: "resend takes ids from `notifications`",
};
