/** Which deployment a command means, and the texts that name it. */
import type { Environment } from "../../shared/config/environment.js";
import { withoutMark } from "../../shared/json.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { findRun } from "../../local/environment/run-file.js";
import { UsageError } from "../../local/terminal/command.js";
import { type Profile, PROFILE_FIELDS, profilesFileOf, readProfiles } from "./profiles.js";

export interface TargetFlags {
  profile?: string;
  local?: boolean;
}

/** What the messages call each field of a profile. */
type Names = Readonly<Record<keyof Profile, string>>;

export type Deployment =
  { kind: "local" } | { kind: "named"; profile: Readonly<Required<Profile>>; names: Names };

const VARIABLES: Names = {
  Url: "TRTC_INGEST_URL",
  Key: "TRTC_INGEST_KEY",
  SecretId: "TRTC_INGEST_SECRET_ID",
  SecretKey: "TRTC_INGEST_SECRET_KEY",
  Region: "TRTC_INGEST_REGION",
  HealthUrl: "TRTC_INGEST_HEALTH_URL",
  OperatorKey: "TRTC_INGEST_OPERATOR_KEY",
  CallbackUrl: "TRTC_INGEST_CALLBACK_URL",
};

/**
 * Every command chooses in this order: a flag, the variables, the profile that a variable names, the
 * profile `default`, and last the run on this machine. The variables come from the environment only:
 * a key of the environment must not go to the URL of a file in some folder.
 */
export async function chooseDeployment(env: Environment, flags: TargetFlags): Promise<Deployment> {
  const deployment = namedDeployment(env, flags);
  if (deployment) return deployment;
  if (await findRun(withEnvFile(env))) return { kind: "local" };
  throw new UsageError(
    `no deployment is named: set TRTC_INGEST_URL and TRTC_INGEST_KEY, write ${profilesFileOf(env)}, or run npm start here (see docs/cli.md)`,
  );
}

/** `undefined`: nothing names one. */
export function namedDeployment(env: Environment, flags: TargetFlags): Deployment | undefined {
  const { local = false, profile } = flags;
  if (local && profile !== undefined) {
    throw new UsageError("--local and --profile name two deployments: keep one of them");
  }
  if (local) return { kind: "local" };
  if (profile !== undefined) return ofProfile(env, profile);
  // Any of them: the variables are one deployment, also for a command that needs another of its URLs.
  const isSet = URL_FIELDS.some((field) => (env[VARIABLES[field]] ?? "") !== "");
  if (isSet) return ofVariables(env);
  const chosen = env["TRTC_INGEST_PROFILE"] ?? "";
  if (chosen !== "") return ofProfile(env, chosen);
  const profiles = readProfiles(profilesFileOf(env));
  return profiles?.has("default") === true ? ofProfile(env, "default") : undefined;
}

const URL_FIELDS = ["Url", "HealthUrl", "CallbackUrl"] as const satisfies (keyof Profile)[];

const mapped = <Value>(valueOf: (field: keyof Profile) => Value): Record<keyof Profile, Value> =>
  Object.fromEntries(PROFILE_FIELDS.map((field) => [field, valueOf(field)])) as Record<
    keyof Profile,
    Value
  >;

const ofVariables = (env: Environment): Deployment => ({
  kind: "named",
  profile: mapped((field) => env[VARIABLES[field]] ?? ""),
  names: VARIABLES,
});

function ofProfile(env: Environment, name: string): Deployment {
  const path = profilesFileOf(env);
  const profiles = readProfiles(path);
  if (!profiles) {
    throw new UsageError(`there is no file ${path}: write the profile ${name} into it`);
  }
  const profile = profiles.get(name);
  if (!profile) {
    throw new UsageError(
      `${path} has no profile ${name}: name one of ${[...profiles.keys()].join(", ")}`,
    );
  }
  return {
    kind: "named",
    profile: mapped((field) => profile[field] ?? ""),
    names: mapped((field) => `${field} of the profile ${name}`),
  };
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** `whose`: as `the api function`. The message never repeats the text, which may hold a key by mistake. */
export function readUrl(text: string, { name, whose }: { name: string; whose: string }): URL {
  if (text === "") throw new UsageError(`the URL of ${whose} is missing: set ${name}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.protocol === "http:" && LOOPBACK.test(url.hostname);
  if (!url || (url.protocol !== "https:" && !isPlain)) {
    throw new UsageError(
      `${name} must be the URL of ${whose}: https://…, or http:// on this machine only`,
    );
  }
  if (url.username !== "" || url.password !== "" || url.search !== "") {
    throw new UsageError(`${name} must hold neither a user nor a query: keys have their own place`);
  }
  return url;
}

/** The first key of a list of entries such as CALLERS. `undefined`: it has none. */
export function firstKeyOf(entries: string): string | undefined {
  try {
    const [first] = JSON.parse(withoutMark(entries)) as { SecretKeys?: unknown[] }[];
    const key = first?.SecretKeys?.[0];
    return typeof key === "string" ? key : undefined;
  } catch {
    // The caller says which variable has no key, without its text.
    return undefined;
  }
}
