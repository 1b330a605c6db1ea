/**
 * What an operator sets, checked once when an instance opens: a wrong value stops the instance.
 * Each variable is judged by itself, so that whoever wants to see all that is wrong can.
 */
import { createHash } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import type { Environment } from "../config.js";
import { type Application, applicationSchema, readApplications } from "./applications.js";
import { FIELDS, MAX_DURATION_MINUTES } from "./fields.js";
import {
  ConfigError,
  readList,
  readSeconds,
  readSwitch,
  readUrl,
  refuseIfAny,
  uniquely,
} from "./read-variables.js";
import { name, secret } from "./variable-fields.js";

export type { Application };

const CLOSED = { additionalProperties: false };
const { SdkAppId } = FIELDS.cn;

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
  /** Tasks that TRTC plays and no ingest has are stopped; they may be somebody else's. */
  stopUnclaimed: boolean;
}

/** Every variable of the functions, in the order in which they are judged. */
export const VARIABLES = [
  "TRTC_APPS",
  "CALLERS",
  "TRTC_ACCOUNTS",
  "ALLOW_PRIVATE_STREAM_HOSTS",
  "DATABASE_URL",
  "TRTC_ENDPOINT",
  "TRTC_TIMEOUT_SECONDS",
  "EXPIRY_TICK_SECONDS",
  "STOP_UNCLAIMED",
] as const;

export type Variable = (typeof VARIABLES)[number];

export interface Judgement {
  /** What could be read; what is wrong is `undefined`. */
  config: { [K in keyof Config]: Config[K] | undefined };
  /** By variable, what is wrong with it: never with its value. */
  faults: ReadonlyMap<Variable, readonly string[]>;
}

export function judgeConfig(env: Environment): Judgement {
  const faults = new Map<Variable, readonly string[]>();
  function judged<T>(variable: Variable, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.set(variable, error.faults);
      return undefined;
    }
  }
  const applications = judged("TRTC_APPS", () => readApplications(env));
  const callers = judged("CALLERS", () => readCallers(env, applications));
  const config = {
    applications,
    callers: callers && new Map(callers.map((caller) => [caller.Id, caller])),
    callersByKeyDigest:
      callers &&
      new Map(
        callers.flatMap((caller) => caller.SecretKeys.map((key) => [keyDigest(key), caller])),
      ),
    accounts: judged("TRTC_ACCOUNTS", () => readAccounts(env)),
    allowPrivateStreamHosts: judged("ALLOW_PRIVATE_STREAM_HOSTS", () =>
      readSwitch(env, "ALLOW_PRIVATE_STREAM_HOSTS"),
    ),
    databaseUrl: judged("DATABASE_URL", () =>
      readUrl(env, "DATABASE_URL", ["postgres:", "postgresql:"]),
    ),
    trtcEndpoint: judged("TRTC_ENDPOINT", () => readUrl(env, "TRTC_ENDPOINT", ["http:", "https:"])),
    trtcTimeoutMs: judged("TRTC_TIMEOUT_SECONDS", () =>
      readSeconds(env, "TRTC_TIMEOUT_SECONDS", { min: 1, max: 60, usual: 8 }),
    ),
    expiryTickMs: judged("EXPIRY_TICK_SECONDS", () =>
      readSeconds(env, "EXPIRY_TICK_SECONDS", { min: 1, max: 300, usual: 60 }),
    ),
    stopUnclaimed: judged("STOP_UNCLAIMED", () => readSwitch(env, "STOP_UNCLAIMED")),
  };
  return { config, faults };
}

/** Throws ConfigError with the first fault of the first variable that is wrong. */
export function readConfig(env: Environment): Config {
  const { config, faults } = judgeConfig(env);
  refuseIfAny([...faults.values()].flat());
  return config as Config;
}

export const keyDigest = (key: string): string => createHash("sha256").update(key).digest("hex");

/** Without the applications, which are wrong themselves then, everything else is judged. */
function readCallers(
  env: Environment,
  applications: ReadonlyMap<number, Application> | undefined,
): Caller[] {
  const callers = readList(env, "CALLERS", { schema: callerSchema, required: true });
  uniquely("CALLERS", "Id", callers);
  refuseIfAny([
    ...callers.map(({ SdkAppIds }, index) => {
      const foreign = SdkAppIds.find((id) => applications?.has(id) === false);
      if (foreign === undefined) return undefined;
      return `CALLERS[${index}]: SdkAppId ${foreign} is not in TRTC_APPS`;
    }),
    ...callers.map(({ RoomPattern }, index) =>
      RoomPattern !== undefined && !isRegExp(RoomPattern)
        ? `CALLERS[${index}]: RoomPattern is no regular expression`
        : undefined,
    ),
    ...sharedKeys(callers),
  ]);
  return callers.map((entry) => ({
    ...entry,
    roomRule:
      entry.RoomPattern === undefined ? undefined : new RegExp(`^(?:${entry.RoomPattern})$`, "u"),
    maxDurationMinutes: entry.MaxDuration ?? MAX_DURATION_MINUTES,
  }));
}

/** By itself: `a)|(?:b` would be one only inside the brackets that make it fit in full. */
function isRegExp(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}

const readAccounts = (env: Environment): Map<string, Account> =>
  uniquely("TRTC_ACCOUNTS", "Account", readList(env, "TRTC_ACCOUNTS", { schema: accountSchema }));

/** Nobody could say which of them calls. */
function sharedKeys(callers: readonly Static<typeof callerSchema>[]): string[] {
  const holders = new Map<string, number>();
  return callers.flatMap(({ SecretKeys }, index) =>
    SecretKeys.flatMap((key) => {
      const holder = holders.get(key) ?? index;
      holders.set(key, holder);
      return holder === index ? [] : [`CALLERS[${holder}] and CALLERS[${index}] share a SecretKey`];
    }),
  );
}
