/** Checks each variable by its schema, misspelled names, and the total size. */
import leven from "leven";
import type { Environment } from "../../shared/config/environment.js";
import { type Variable, VARIABLES } from "../../shared/config/configuration.js";
import {
  ENVIRONMENT_MAX_BYTES,
  environmentBytes,
  variablesOf,
} from "../../deploy/plugin/checks/limits.js";
import { counted, fail, pass, type Row, warn } from "../../shared/health/row.js";
import type { Subject } from "./subject.js";

export const checkVariables = (subject: Subject): Row[] => [
  ...VARIABLES.map((variable) => byItsSchema(variable, subject)),
  ...misspelt(subject.env),
  size(subject.env),
];

function byItsSchema(variable: Variable, subject: Subject): Row {
  const { env, faults, isLocal } = subject;
  const wrong = faults.get(variable);
  if (wrong)
    return fail(variable, wrong.join("\n"), "correct it: the functions do not start with it");
  const isSet = (env[variable] ?? "") !== "";
  if (variable === "DATABASE_URL" && !isSet && !isLocal) {
    const finding = "DATABASE_URL is not set: a deployed function needs PostgreSQL";
    return fail(
      variable,
      finding,
      "set it to postgres://user:password@host:5432/database?sslmode=verify-full",
    );
  }
  return pass(
    variable,
    isSet ? withDeployError(variable, subject) : "not set: its default is used",
  );
}

function withDeployError(variable: Variable, { config }: Subject): string {
  const { applications, callers, callersByKeyDigest, accounts, rules, eventCallers } = config;
  const elsewhere = config.databaseUrls?.size ?? 0;
  const words: Partial<Record<Variable, string>> = {
    TRTC_APPS: counted(applications?.size ?? 0, "application"),
    CALLERS: `${counted(callers?.size ?? 0, "caller")}, ${counted(callersByKeyDigest?.size ?? 0, "key")}`,
    DATABASE_URLS: `${counted(elsewhere, "account")} elsewhere`,
    TRTC_ACCOUNTS: counted(accounts?.size ?? 0, "account"),
    RULES: counted(rules?.length ?? 0, "rule"),
    EVENT_CALLERS: counted(eventCallers?.size ?? 0, "source"),
  };
  return words[variable] ?? "set";
}

/** Variables of serverless.yml, `npm start` or the emulator. */
const NEIGHBOURS = [
  "EXPIRY_CRON",
  "EXPIRY_RATE",
  "SETTLE_CRON",
  "SETTLE_RATE",
  "PLAN_CRON",
  "PLAN_RATE",
  "NOTIFY_CRON",
  "NOTIFY_RATE",
  "PORT",
  "TRTC_PORT",
  "DATA_DIR",
];

/** Names of this form belong to this project. */
const LOOKS_LIKE_OURS = /^(TRTC|CALLERS?|EXPIRY)_/;

/** At most two letters differ, in a name that is long enough to exclude chance. */
const LETTERS_OFF_MAX = 2;
const LETTERS_MIN = 6;

function misspelt(env: Environment): Row[] {
  const known: string[] = [...VARIABLES, ...NEIGHBOURS];
  return Object.keys(env)
    .filter((name) => !known.includes(name) && (env[name] ?? "") !== "")
    .flatMap((name) => {
      const [nearest = "", off] = nearestOf(name.toUpperCase(), known);
      const isNear = off <= LETTERS_OFF_MAX && name.length >= LETTERS_MIN;
      if (!isNear && !LOOKS_LIKE_OURS.test(name)) return [];
      const shown = name.replace(/[^\x20-\x7e]/g, "?").slice(0, 64);
      return [warn(shown, "nothing reads this variable", `did you mean ${nearest}?`)];
    });
}

function nearestOf(name: string, known: readonly string[]): [string | undefined, number] {
  const sorted = known
    .map((known): [string, number] => [known, leven(name, known)])
    .sort(([, one], [, other]) => one - other);
  return sorted[0] ?? [undefined, Number.POSITIVE_INFINITY];
}

/** A share of SCF's limit. Beyond it the doctor warns. */
const NEAR = 0.875;

function size(env: Environment): Row {
  const check = "size of the variables";
  const ours = Object.fromEntries(VARIABLES.map((name) => [name, env[name]]));
  const bytes = environmentBytes(variablesOf({ environment: { variables: ours } }, {}));
  const finding = `${bytes} of the ${ENVIRONMENT_MAX_BYTES} bytes that SCF takes for one function`;
  const todo =
    "shorten CALLERS, TRTC_APPS and RULES: fewer callers, keys and applications in one deployment";
  if (bytes > ENVIRONMENT_MAX_BYTES) return fail(check, finding, todo);
  return bytes > NEAR * ENVIRONMENT_MAX_BYTES ? warn(check, finding, todo) : pass(check, finding);
}
