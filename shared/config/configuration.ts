/**
 * The operator's settings, checked once when an instance opens: a wrong value stops the instance.
 * Each variable is checked on its own, so that the doctor can show all faults at once.
 */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import type { Environment } from "./environment.js";
import { type Application, applicationSchema, readApplications } from "./applications.js";
import {
  type Caller,
  callerSchema,
  keyDigest,
  operatorSchema,
  readCallers,
  readOperators,
} from "./callers.js";
import { readDatabaseUrl } from "./database/address.js";
import { readDatabaseCa } from "./database/ca.js";
import { type DatabaseUrls, readDatabaseUrls } from "./database/urls.js";
import { EVENT_SCHEMAS, type EventConfig, readEventCallers, readRules } from "./event-rules.js";
import {
  ConfigError,
  readDays,
  readHeaders,
  readList,
  readMinutes,
  readSeconds,
  readSwitch,
  readUrl,
  refuseIfAny,
  uniquely,
} from "./read-variables.js";
import { MAX_DURATION_MINUTES } from "../contract/fields.js";
import { type PricesBySite, priceSchema, readPrices } from "./money/prices.js";
import { CLOSED, name, secret } from "./setting-types.js";

export type { Application };

const accountSchema = Type.Object(
  { Account: name, SecretId: name, SecretKey: secret, Token: Type.Optional(Type.String()) },
  CLOSED,
);

export type { Caller };

/** The variables that hold a JSON list, with the schema of an entry. */
export const LIST_SCHEMAS = {
  CALLERS: callerSchema,
  TRTC_APPS: applicationSchema,
  TRTC_ACCOUNTS: accountSchema,
  OPERATOR_KEYS: operatorSchema,
  PRICES: priceSchema,
  ...EVENT_SCHEMAS,
};

export type Account = Static<typeof accountSchema>;

export interface Config extends EventConfig {
  callers: ReadonlyMap<string, Caller>;
  /** By the SHA-256 of each key, so that a Bearer look-up takes no secret-dependent time. */
  callersByKeyDigest: ReadonlyMap<string, Caller>;
  applications: ReadonlyMap<number, Application>;
  /** Fixed cloud keys by account. An account without an entry uses the execution role's keys. */
  accounts: ReadonlyMap<string, Account>;
  /** The name of each operator, by the SHA-256 of each key. */
  operatorsByKeyDigest: ReadonlyMap<string, string>;
  allowPrivateStreamHosts: boolean;
  allowPrivateNotifyHosts: boolean;
  databaseUrl: string | undefined;
  /** The databases of accounts that are elsewhere. */
  databaseUrls: DatabaseUrls;
  /** In PEM. Absent: the public authorities. */
  databaseCa: string | undefined;
  /** Replaces the hosts of both sites, for the emulator or a proxy. */
  trtcEndpoint: string | undefined;
  /** The time limit of one call to TRTC. */
  trtcTimeoutMs: number;
  /** The interval between two runs of advance-ingests. */
  advanceTickMs: number;
  /** The interval between two runs of expire-ingests. */
  expiryTickMs: number;
  /** The duration of an ingest that requests no end, unless its application sets one. */
  defaultMaxDurationMinutes: number;
  /** Stops tasks that TRTC plays and no ingest claims. Such a task may belong to another system. */
  stopUnclaimed: boolean;
  /** How long ended ingests stay, with their history and their occurrences; 0: for ever. */
  retentionDays: number;
  /** What a minute of a new ingest costs. */
  prices: PricesBySite;
  /** The base URL of an OpenTelemetry collector. */
  otlpEndpoint: string | undefined;
  /** What its requests carry, as `name=value,name=value`. The values may be secret. */
  otlpHeaders: string;
}

/** Every variable of the functions, in the order in which they are checked. */
export const VARIABLES = [
  "TRTC_APPS",
  "ALLOW_PRIVATE_NOTIFY_HOSTS",
  "CALLERS",
  "TRTC_ACCOUNTS",
  "OPERATOR_KEYS",
  "RULES",
  "EVENT_CALLERS",
  "ALLOW_PRIVATE_STREAM_HOSTS",
  "DATABASE_URL",
  "DATABASE_URLS",
  "DATABASE_CA",
  "TRTC_ENDPOINT",
  "TRTC_TIMEOUT_SECONDS",
  "ADVANCE_TICK_SECONDS",
  "EXPIRY_TICK_SECONDS",
  "STOP_UNCLAIMED",
  "DEFAULT_MAX_DURATION",
  "RETENTION_DAYS",
  "PRICES",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
] as const;

export type Variable = (typeof VARIABLES)[number];

export interface Judgement {
  /** The values that could be read. A wrong one is `undefined`. */
  config: { [K in keyof Config]: Config[K] | undefined };
  /** The faults of each variable. A fault never contains the value. */
  faults: ReadonlyMap<Variable, readonly string[]>;
}

/** `given`: the variables to check. The others count as right and stay `undefined`. */
export function judgeConfig(
  env: Environment,
  given: ReadonlySet<Variable> = new Set(VARIABLES),
): Judgement {
  const faults = new Map<Variable, readonly string[]>();
  function judged<T>(variable: Variable, read: () => T): T | undefined {
    if (!given.has(variable)) return undefined;
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.set(variable, error.faults);
      return undefined;
    }
  }
  const applications = judged("TRTC_APPS", () => readApplications(env));
  const allowPrivateNotifyHosts = judged("ALLOW_PRIVATE_NOTIFY_HOSTS", () =>
    readSwitch(env, "ALLOW_PRIVATE_NOTIFY_HOSTS"),
  );
  const callers = judged("CALLERS", () =>
    readCallers(env, { applications, allowPrivateNotifyHosts }),
  );
  const config = {
    applications,
    callers: callers && new Map(callers.map((caller) => [caller.Id, caller])),
    callersByKeyDigest:
      callers &&
      new Map(
        callers.flatMap((caller) => caller.SecretKeys.map((key) => [keyDigest(key), caller])),
      ),
    accounts: judged("TRTC_ACCOUNTS", () => readAccounts(env)),
    operatorsByKeyDigest: judged("OPERATOR_KEYS", () => readOperators(env)),
    rules: judged("RULES", () => readRules(env, callers)),
    eventCallers: judged("EVENT_CALLERS", () => readEventCallers(env, callers)),
    allowPrivateStreamHosts: judged("ALLOW_PRIVATE_STREAM_HOSTS", () =>
      readSwitch(env, "ALLOW_PRIVATE_STREAM_HOSTS"),
    ),
    allowPrivateNotifyHosts,
    databaseUrl: judged("DATABASE_URL", () => readDatabaseUrl(env)),
    databaseUrls: judged("DATABASE_URLS", () => readDatabaseUrls(env, applications)),
    databaseCa: judged("DATABASE_CA", () => readDatabaseCa(env)),
    trtcEndpoint: judged("TRTC_ENDPOINT", () => readUrl(env, "TRTC_ENDPOINT", ["http:", "https:"])),
    trtcTimeoutMs: judged("TRTC_TIMEOUT_SECONDS", () =>
      readSeconds(env, "TRTC_TIMEOUT_SECONDS", { min: 1, max: 60, usual: 8 }),
    ),
    advanceTickMs: judged("ADVANCE_TICK_SECONDS", () =>
      readSeconds(env, "ADVANCE_TICK_SECONDS", { min: 1, max: 300, usual: 10 }),
    ),
    expiryTickMs: judged("EXPIRY_TICK_SECONDS", () =>
      readSeconds(env, "EXPIRY_TICK_SECONDS", { min: 1, max: 300, usual: 60 }),
    ),
    defaultMaxDurationMinutes: judged("DEFAULT_MAX_DURATION", () =>
      readMinutes(env, "DEFAULT_MAX_DURATION", { max: MAX_DURATION_MINUTES, usual: 240 }),
    ),
    stopUnclaimed: judged("STOP_UNCLAIMED", () => readSwitch(env, "STOP_UNCLAIMED")),
    retentionDays: judged("RETENTION_DAYS", () =>
      readDays(env, "RETENTION_DAYS", { max: 3650, usual: 90 }),
    ),
    prices: judged("PRICES", () => readPrices(env)),
    otlpEndpoint: judged("OTEL_EXPORTER_OTLP_ENDPOINT", () =>
      readUrl(env, "OTEL_EXPORTER_OTLP_ENDPOINT", ["http:", "https:"]),
    ),
    otlpHeaders: judged("OTEL_EXPORTER_OTLP_HEADERS", () =>
      readHeaders(env, "OTEL_EXPORTER_OTLP_HEADERS"),
    ),
  };
  return { config, faults };
}

/** Throws ConfigError with the first fault of the first wrong variable. */
export function readConfig(env: Environment, given?: ReadonlySet<Variable>): Config {
  const { config, faults } = judgeConfig(env, given);
  refuseIfAny([...faults.values()].flat());
  return config as Config;
}

const readAccounts = (env: Environment): Map<string, Account> =>
  uniquely("TRTC_ACCOUNTS", "Account", readList(env, "TRTC_ACCOUNTS", { schema: accountSchema }));
