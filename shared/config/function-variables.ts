/**
 * The variables of each function, besides those of every function. A function gets these and no
 * others, so it cannot leak a secret that it does not use.
 */
import type { Config, Variable } from "./configuration.js";

const TRTC = ["TRTC_ACCOUNTS", "TRTC_ENDPOINT", "TRTC_TIMEOUT_SECONDS"] as const;
const CALLED = ["CALLERS", "TRTC_APPS"] as const;
const STARTS = ["ALLOW_PRIVATE_STREAM_HOSTS", "DEFAULT_MAX_DURATION", "PRICES"] as const;

export const FUNCTION_VARIABLES = {
  api: [...CALLED, ...TRTC, ...STARTS],
  "start-ingest": [...CALLED, ...TRTC, ...STARTS],
  "stop-ingest": [...CALLED, ...TRTC],
  "update-ingest": [...CALLED, ...TRTC, "ALLOW_PRIVATE_STREAM_HOSTS"],
  "describe-ingest": [...CALLED, ...TRTC],
  "list-ingests": CALLED,
  schedules: [...CALLED, ...TRTC, ...STARTS],
  "room-callback": ["TRTC_APPS", ...TRTC],
  "advance-ingests": [...CALLED, ...TRTC, "ALLOW_PRIVATE_STREAM_HOSTS", "ADVANCE_TICK_SECONDS"],
  "plan-schedules": [...CALLED, ...STARTS, "RETENTION_DAYS"],
  "expire-ingests": [...TRTC, "EXPIRY_TICK_SECONDS"],
  "reconcile-ingests": [...CALLED, ...TRTC, "STOP_UNCLAIMED", "RETENTION_DAYS"],
  "deliver-notifications": ["CALLERS", "ALLOW_PRIVATE_NOTIFY_HOSTS"],
  health: ["OPERATOR_KEYS", "ADVANCE_TICK_SECONDS", "EXPIRY_TICK_SECONDS"],
  console: [
    ...CALLED,
    ...TRTC,
    ...STARTS,
    "OPERATOR_KEYS",
    "ADVANCE_TICK_SECONDS",
    "EXPIRY_TICK_SECONDS",
  ],
  "cloud-event": [...CALLED, ...TRTC, ...STARTS, "RULES", "EVENT_CALLERS"],
} as const satisfies Record<string, readonly Variable[]>;

const EVERY_FUNCTION = [
  "DATABASE_URL",
  "DATABASE_URLS",
  "DATABASE_CA",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
] as const;

export type FunctionName = keyof typeof FUNCTION_VARIABLES;

export const variablesRead = (name: FunctionName): ReadonlySet<Variable> =>
  new Set<Variable>([...EVERY_FUNCTION, ...FUNCTION_VARIABLES[name]]);

export const isFunctionName = (name: string): name is FunctionName =>
  Object.hasOwn(FUNCTION_VARIABLES, name);

/** The fields of the configuration that each variable sets. */
export const READ_AS: Readonly<Record<Variable, readonly (keyof Config)[]>> = {
  TRTC_APPS: ["applications"],
  ALLOW_PRIVATE_NOTIFY_HOSTS: ["allowPrivateNotifyHosts"],
  CALLERS: ["callers", "callersByKeyDigest"],
  TRTC_ACCOUNTS: ["accounts"],
  OPERATOR_KEYS: ["operatorsByKeyDigest"],
  RULES: ["rules"],
  EVENT_CALLERS: ["eventCallers"],
  ALLOW_PRIVATE_STREAM_HOSTS: ["allowPrivateStreamHosts"],
  DATABASE_URL: ["databaseUrl"],
  DATABASE_URLS: ["databaseUrls"],
  DATABASE_CA: ["databaseCa"],
  TRTC_ENDPOINT: ["trtcEndpoint"],
  TRTC_TIMEOUT_SECONDS: ["trtcTimeoutMs"],
  ADVANCE_TICK_SECONDS: ["advanceTickMs"],
  EXPIRY_TICK_SECONDS: ["expiryTickMs"],
  STOP_UNCLAIMED: ["stopUnclaimed"],
  DEFAULT_MAX_DURATION: ["defaultMaxDurationMinutes"],
  RETENTION_DAYS: ["retentionDays"],
  PRICES: ["prices"],
  OTEL_EXPORTER_OTLP_ENDPOINT: ["otlpEndpoint"],
  OTEL_EXPORTER_OTLP_HEADERS: ["otlpHeaders"],
};

/** Returns the same configuration for one function. Other fields throw when they are read. */
export function configOf(name: FunctionName, config: Config): Config {
  const read = variablesRead(name);
  const kept = Object.entries(READ_AS).flatMap(([variable, fields]) =>
    read.has(variable as Variable) ? fields : [],
  );
  const own = Object.fromEntries(kept.map((field) => [field, config[field]])) as unknown as Config;
  return new Proxy(own, {
    get(target, field) {
      if (field in target || typeof field === "symbol") return target[field as keyof Config];
      throw new Error(`${name} reads ${field}, which function-variables.ts does not give it`);
    },
  });
}
