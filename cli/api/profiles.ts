/** Deployments by name, in a file that only its user can read. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../shared/config/environment.js";
import { isObject, parseObject } from "../../shared/json.js";
import { UsageError } from "../../local/terminal/command.js";

/** As the file has it. Every value is a text. */
export interface Profile {
  Url?: string;
  Key?: string;
  SecretId?: string;
  SecretKey?: string;
  Region?: string;
  /** Where the function `health` has another URL than `api`. */
  HealthUrl?: string;
  /** A key of OPERATOR_KEYS. */
  OperatorKey?: string;
  /** The URL that TRTC calls back. */
  CallbackUrl?: string;
}

export const PROFILE_FIELDS = [
  "Url",
  "Key",
  "SecretId",
  "SecretKey",
  "Region",
  "HealthUrl",
  "OperatorKey",
  "CallbackUrl",
] as const satisfies (keyof Profile)[];

export function profilesFileOf(env: Environment): string {
  const named = env["TRTC_INGEST_PROFILES"] ?? "";
  if (named !== "") return named;
  const configured = env["XDG_CONFIG_HOME"] ?? "";
  const folder = configured === "" ? join(env["HOME"] ?? ".", ".config") : configured;
  return join(folder, "trtc-ingest", "profiles.json");
}

/** `undefined`: there is no file. Throws UsageError for one that others can read. */
export function readProfiles(path: string): ReadonlyMap<string, Profile> | undefined {
  const text = readPrivately(path);
  if (text === undefined) return undefined;
  // A parser's own message would quote the text, which holds keys.
  const profiles = parseObject(text);
  if (!profiles) throw wrongForm(path);
  return new Map(
    Object.entries(profiles).map(([name, profile]) => [name, checked(path, name, profile)]),
  );
}

function readPrivately(path: string): string | undefined {
  try {
    const { mode } = statSync(path);
    // Windows has no such bits.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new UsageError(
        `${path} holds keys, and other users of this machine can read it: run chmod 600 ${path}`,
      );
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const wrongForm = (path: string): UsageError =>
  new UsageError(
    `${path} is not a file of profiles: it takes JSON such as {"production": {"Url": "https://…", "Key": "…"}}`,
  );

function checked(path: string, name: string, profile: unknown): Profile {
  if (!isObject(profile)) throw wrongForm(path);
  const known: readonly string[] = PROFILE_FIELDS;
  const unknown = Object.keys(profile).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw new UsageError(
      `${path}: the profile ${name} has no field ${unknown}: send ${known.join(", ")}`,
    );
  }
  const wrong = known.find((field) => !["string", "undefined"].includes(typeof profile[field]));
  if (wrong !== undefined) {
    throw new UsageError(`${path}: ${wrong} of the profile ${name} must be a text`);
  }
  return profile;
}
