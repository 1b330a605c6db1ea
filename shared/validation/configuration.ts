/**
 * What an operator sets, checked once when an instance opens. A wrong value stops the instance
 * with a message that names the variable, its entry and field, never the value: it may be a secret.
 */
import { createHash } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import type { Environment } from "../config.js";
import { SECOND_MS } from "../clock.js";
import { ApiError } from "../errors.js";
import { makeCheck } from "./check.js";
import { FIELDS, MAX_DURATION_MINUTES } from "./fields.js";
import { DEFAULT_REGION, SITE_FACTS, SITES, type Site } from "./sites.js";

const CLOSED = { additionalProperties: false };
const { SdkAppId } = FIELDS.cn;

/** Shorter keys can be guessed; Tencent's own have 32 characters and more. */
const secret = Type.String({ minLength: 16, maxLength: 256, pattern: "^[\\x21-\\x7e]+$" });
const name = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });

const callerSchema = Type.Object(
  {
    /** Shown in logs and kept with each ingest; the SecretId of a signed request. */
    Id: name,
    /** Any of them signs, or is sent as Bearer: two while one is being rotated. */
    SecretKeys: Type.Array(secret, { minItems: 1, maxItems: 4 }),
    SdkAppIds: Type.Array(SdkAppId, { minItems: 1, maxItems: 1000, uniqueItems: true }),
    /** A regular expression that the whole RoomId must fit. */
    RoomPattern: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    /** Hosts whose URLs may be played: exact names, or `*.example.com`. */
    StreamHosts: Type.Optional(
      Type.Array(
        Type.String({ pattern: "^(\\*\\.)?[a-z0-9_-]+(\\.[a-z0-9_-]+)*$", maxLength: 253 }),
        { minItems: 1 },
      ),
    ),
    /** The longest ingest, in minutes. */
    MaxDuration: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_DURATION_MINUTES })),
  },
  CLOSED,
);

const applicationSchema = Type.Object(
  {
    SdkAppId,
    /** The application's SDKSecretKey: it signs UserSig and PrivateMapKey. */
    SecretKey: secret,
    Site: Type.Optional(Type.Unsafe<Site>({ type: "string", enum: SITES })),
    Region: Type.Optional(name),
    /** Whose cloud credentials call TRTC, and whose 20 calls a second are used; default: the site. */
    Account: Type.Optional(name),
    AdvancedPermission: Type.Optional(Type.Boolean()),
  },
  CLOSED,
);

const accountSchema = Type.Object(
  { Account: name, SecretId: name, SecretKey: secret, Token: Type.Optional(Type.String()) },
  CLOSED,
);

/** The variables that hold a JSON list, and what each entry of it is. */
export const LIST_SCHEMAS = {
  CALLERS: callerSchema,
  TRTC_APPS: applicationSchema,
  TRTC_ACCOUNTS: accountSchema,
};

export interface Caller extends Static<typeof callerSchema> {
  roomRule: RegExp | undefined;
  maxDurationMinutes: number;
}

export type Application = Required<Static<typeof applicationSchema>>;

export type Account = Static<typeof accountSchema>;

export interface Config {
  callers: ReadonlyMap<string, Caller>;
  /** By the SHA-256 of each key, so that looking a Bearer key up takes no secret-dependent time. */
  callersByKeyDigest: ReadonlyMap<string, Caller>;
  applications: ReadonlyMap<number, Application>;
  /** Fixed cloud keys by account; an account without an entry uses the execution role's. */
  accounts: ReadonlyMap<string, Account>;
  allowPrivateStreamHosts: boolean;
  databaseUrl: string | undefined;
  /** Replaces both sites' hosts: the emulator's address, or a proxy's. */
  trtcEndpoint: string | undefined;
  /** How long one call to TRTC may take. */
  trtcTimeoutMs: number;
  /** How far apart the runs of expire-ingests are. */
  expiryTickMs: number;
}

export function readConfig(env: Environment): Config {
  const applications = readApplications(env);
  const callers = readCallers(env, applications);
  return {
    callers: new Map(callers.map((caller) => [caller.Id, caller])),
    callersByKeyDigest: digests(callers),
    applications,
    accounts: readAccounts(env),
    allowPrivateStreamHosts: readSwitch(env, "ALLOW_PRIVATE_STREAM_HOSTS"),
    databaseUrl: readUrl(env, "DATABASE_URL", ["postgres:", "postgresql:"]),
    trtcEndpoint: readUrl(env, "TRTC_ENDPOINT", ["http:", "https:"]),
    trtcTimeoutMs: readSeconds(env, "TRTC_TIMEOUT_SECONDS", { min: 1, max: 60, usual: 8 }),
    expiryTickMs: readSeconds(env, "EXPIRY_TICK_SECONDS", { min: 1, max: 300, usual: 60 }),
  };
}

export const keyDigest = (key: string): string => createHash("sha256").update(key).digest("hex");

/** Not an ApiError: a wrong configuration is the operator's to read, at the start, in full. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

function readApplications(env: Environment): Map<number, Application> {
  const applications = readList(env, "TRTC_APPS", { required: true }).map(
    (entry, index): Application => {
      const site = entry.Site ?? "intl";
      const defaults = { Site: site, Region: DEFAULT_REGION, Account: site };
      const application = { ...defaults, AdvancedPermission: false, ...entry };
      if (!SITE_FACTS[site].regions.includes(application.Region)) {
        throw new ConfigError(
          `TRTC_APPS[${index}]: Region must be one of ${SITE_FACTS[site].regions.join(", ")}`,
        );
      }
      return application;
    },
  );
  return uniquely("TRTC_APPS", "SdkAppId", applications);
}

function readCallers(env: Environment, applications: ReadonlyMap<number, Application>): Caller[] {
  const callers = readList(env, "CALLERS", { required: true });
  uniquely("CALLERS", "Id", callers);
  return callers.map((entry, index) => {
    const foreign = entry.SdkAppIds.find((id) => !applications.has(id));
    if (foreign !== undefined) {
      throw new ConfigError(`CALLERS[${index}]: SdkAppId ${foreign} is not in TRTC_APPS`);
    }
    return {
      ...entry,
      roomRule: roomRule(entry, index),
      maxDurationMinutes: entry.MaxDuration ?? MAX_DURATION_MINUTES,
    };
  });
}

function roomRule({ RoomPattern }: Static<typeof callerSchema>, index: number): RegExp | undefined {
  if (RoomPattern === undefined) return undefined;
  try {
    // By itself first: `a)|(?:b` would be one only inside the brackets, and no longer in full.
    return new RegExp(`^(?:${new RegExp(RoomPattern, "u").source})$`, "u");
  } catch {
    throw new ConfigError(`CALLERS[${index}]: RoomPattern is no regular expression`);
  }
}

function readAccounts(env: Environment): Map<string, Account> {
  return uniquely("TRTC_ACCOUNTS", "Account", readList(env, "TRTC_ACCOUNTS"));
}

function digests(callers: readonly Caller[]): Map<string, Caller> {
  const found = new Map<string, Caller>();
  for (const [index, caller] of callers.entries()) {
    for (const key of new Set(caller.SecretKeys)) {
      const digest = keyDigest(key);
      const other = found.get(digest);
      if (other) {
        const otherIndex = callers.indexOf(other);
        throw new ConfigError(`CALLERS[${otherIndex}] and CALLERS[${index}] share a SecretKey`);
      }
      found.set(digest, caller);
    }
  }
  return found;
}

function readList<V extends keyof typeof LIST_SCHEMAS>(
  env: Environment,
  variable: V,
  { required = false } = {},
): Static<(typeof LIST_SCHEMAS)[V]>[] {
  const text = env[variable];
  if (text === undefined || text === "") {
    if (required) throw new ConfigError(`${variable} is not set: send a JSON list, see README`);
    return [];
  }
  const entries = parseJson(variable, text);
  if (!Array.isArray(entries)) throw new ConfigError(`${variable} must be a JSON list`);
  const check = makeCheck<Static<(typeof LIST_SCHEMAS)[V]>>(LIST_SCHEMAS[variable], variable);
  return entries.map((entry, index) => {
    try {
      return check(entry);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ConfigError(`${variable}[${index}]: ${error.message}`);
    }
  });
}

function parseJson(variable: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError(`${variable} is no JSON`);
  }
}

function uniquely<T, K extends keyof T>(variable: string, key: K, entries: readonly T[]) {
  const found = new Map<T[K], T>();
  for (const [index, entry] of entries.entries()) {
    if (found.has(entry[key])) {
      throw new ConfigError(`${variable}[${index}]: ${String(key)} is that of another`);
    }
    found.set(entry[key], entry);
  }
  return found;
}

function readSwitch(env: Environment, variable: string): boolean {
  const text = env[variable] ?? "";
  if (["", "0", "false", "off"].includes(text)) return false;
  if (["1", "true", "on"].includes(text)) return true;
  throw new ConfigError(`${variable} must be on or off`);
}

function readUrl(env: Environment, variable: string, protocols: string[]): string | undefined {
  const text = env[variable];
  if (text === undefined || text === "") return undefined;
  if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return text;
  throw new ConfigError(`${variable} must be a URL that begins with ${protocols.join("// or ")}//`);
}

function readSeconds(
  env: Environment,
  variable: string,
  { min, max, usual }: { min: number; max: number; usual: number },
): number {
  const text = env[variable];
  const seconds = text === undefined || text === "" ? usual : Number(text);
  if (seconds >= min && seconds <= max) return seconds * SECOND_MS;
  throw new ConfigError(`${variable} must be a number of seconds from ${min} to ${max}`);
}
