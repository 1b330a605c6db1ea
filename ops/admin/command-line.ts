/** The flags of `trtc-ingest admin …`. */
import { type Command, Option } from "commander";
import { STATES, type State } from "../../shared/contract/schemas.js";
import { newCommand, parse, UsageError } from "../../local/terminal/command.js";
import { SECOND_MS } from "../../shared/clock.js";
import { UNIT_MS } from "../../local/terminal/times.js";

export const VERBS = ["list", "timeline", "cost", "stop", "move"] as const;
export type Verb = (typeof VERBS)[number];

const WHERE = `Reads the database of DATABASE_URL, for all callers. Without it, the one of npm start.`;

const DESCRIPTIONS: Record<Verb, string> = {
  list: `Lists the ingests of all callers that have not ended, newest first.

--trouble leaves only those that something is wrong with, and says what. ${WHERE}`,
  timeline: `Shows what happened to an ingest of any caller, oldest first: each change, who made it, from where, and its
RequestId, which the log has too. ${WHERE}`,
  cost: `Shows what the ingests of all callers have cost so far, what they will have cost at their deadlines, and the
sums: those that have not ended, or those of a state. The sums count all of them, and --limit bounds the rows. It is an estimate of TRTC's bill for the robots. ${WHERE}`,
  stop: `Stops the ingests of all callers that a flag selects. Without --yes it changes nothing, and shows what it
would stop.

It writes the stop and needs no key of TRTC: expire-ingests carries it out at its next run, and the command waits for
that. Ends with 1 when one has not ended by then. ${WHERE}`,
  move: `Moves the deadlines of the ingests that a flag selects, and the starts of scheduled ones with them. Without
--yes it changes nothing, and shows what it would move.

A deadline moves no further than its ingest may last (ExtendableUntil). ${WHERE}`,
};

const EXAMPLES: Record<Verb, string> = {
  list: `
trtc-ingest admin list
trtc-ingest admin list --trouble
trtc-ingest admin list --state ended --trouble
trtc-ingest admin list --room 8489 --caller AKIDmine --json`,
  timeline: `
trtc-ingest admin timeline ing-…
trtc-ingest admin timeline ing-… --json | jq 'select(.Type == "ended")'`,
  cost: `
trtc-ingest admin cost
trtc-ingest admin cost --caller AKIDmine --json | jq .Total.UsdToDeadline`,
  stop: `
trtc-ingest admin stop --room 8489
trtc-ingest admin stop --caller AKIDmine --yes
trtc-ingest admin stop --all --yes`,
  move: `
trtc-ingest admin move --all +1h
trtc-ingest admin move --room 8489 --by -30m --yes`,
};

export function adminCommand(verb: Verb): Command {
  const command = newCommand(`admin ${verb}`, DESCRIPTIONS[verb], EXAMPLES[verb]);
  if (verb === "timeline") command.argument("<TaskId>");
  else {
    command.option("--room <id>", "only this room").option("--caller <id>", "only this caller");
  }
  if (verb === "list" || verb === "cost") {
    command
      .addOption(new Option("--state <state>", "only this state").choices(STATES))
      .option("--limit <n>", "the largest number of rows", "1000");
  }
  if (verb === "list") command.option("--trouble", "only those that something is wrong with");
  if (verb === "stop" || verb === "move") {
    command
      .option("--all", "every ingest of every caller")
      .option("--yes", "do it; without it nothing changes");
  }
  if (verb === "stop") command.option("--wait <seconds>", "how long to wait for the ends", "90");
  if (verb === "move") {
    command
      .argument("[by]", "how far: +1h, +90s, +30m, +2d")
      .option("--by <time>", "the same as an option, also back: -30m");
  }
  return command
    .option("--local", "the rows of npm start; DATABASE_URL is ignored")
    .option(
      "--env-file <file>",
      "more variables (.env, if it exists); the environment's take precedence",
    )
    .option("--json", "one JSON document for each row");
}

export interface AdminFlags {
  /** Of `timeline`. */
  taskId: string;
  room?: string;
  caller?: string;
  state?: State;
  isTrouble: boolean;
  limit: number;
  isAll: boolean;
  isYes: boolean;
  waitMs: number;
  byMs: number;
  isLocal: boolean;
  envFile: string | undefined;
  isJson: boolean;
}

/** Throws UsageError that says what is wrong. */
export function readFlags(verb: Verb, args: readonly string[]): AdminFlags {
  const { flags, rest } = parse(adminCommand(verb), args);
  const { all, yes, by, wait, limit, local, envFile, trouble, json, ...filter } = flags as {
    room?: string;
    caller?: string;
    state?: State;
    trouble?: boolean;
    limit?: string;
    all?: boolean;
    yes?: boolean;
    wait?: string;
    by?: string;
    local?: boolean;
    envFile?: string;
    json?: boolean;
  };
  const isFiltered = filter.room !== undefined || filter.caller !== undefined;
  const isChange = verb === "stop" || verb === "move";
  if (isChange && isFiltered === (all === true)) {
    throw new UsageError(
      `say which ingests: --room, --caller or both of them, or --all (see trtc-ingest admin ${verb} --help)`,
    );
  }
  return {
    ...filter,
    taskId: rest[0] ?? "",
    isTrouble: trouble ?? false,
    limit: readCount("--limit", limit ?? "1000"),
    isAll: all ?? false,
    isYes: yes ?? false,
    waitMs: readCount("--wait", wait ?? "0") * SECOND_MS,
    byMs: verb === "move" ? readBy(by ?? rest[0]) : 0,
    isLocal: local ?? false,
    envFile,
    isJson: json ?? false,
  };
}

function readCount(flag: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} must be a number`);
}

function readBy(text = ""): number {
  const [, sign, count, unit = ""] = /^([+-])(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (Number.isNaN(ms) || ms === 0) {
    throw new UsageError("say how far to move: +1h, +90s, +30m or +2d, or --by -30m");
  }
  return sign === "-" ? -ms : ms;
}
