/** Callers and their application: the same for every seed. */
import { type Config, readConfig } from "../../../shared/config/configuration.js";
import { EVENT_SETTINGS } from "../messages/sources.js";

const SDK_APP_ID = 1_600_000_000;
const SECRET_KEY = "simulated-application-key";

export const CALLER_IDS = ["backend", "editor"];

/** A third caller of the same account, with many ingests at once. */
export const CROWD = "crowd";

/** Each caller's limits, in runs with quotas. */
export const QUOTAS = { MaxIngests: 2, StartsPerMinute: 3 };

/** Each caller's budget, in runs with budgets, and that of all of them together. */
export const BUDGETS = { DailyMinutes: 12 };
export const APPLICATION_BUDGETS = { DailyUsd: 0.3 };

/** The application, as TRTC sees it. */
export const APPLICATION = {
  sdkAppId: SDK_APP_ID,
  secretKey: SECRET_KEY,
  site: "intl",
} as const;

/** The longest that a caller's ingest may last. */
export const MAX_DURATION_MINUTES = 10;

const configOf = (
  application: object,
  variables: Readonly<Record<string, string>> = {},
  limits: object = {},
) =>
  readConfig({
    ...EVENT_SETTINGS,
    ...variables,
    CALLERS: JSON.stringify(
      [...CALLER_IDS, CROWD].map((Id) => ({
        ...limits,
        Id,
        SecretKeys: [`${Id}-secret-key-of-the-simulation`],
        SdkAppIds: [SDK_APP_ID],
        MaxDuration: MAX_DURATION_MINUTES,
        UserPattern: "[a-z]+",
      })),
    ),
    // The workload's hosts do not exist, so the address check must not resolve them.
    ALLOW_PRIVATE_STREAM_HOSTS: "on",
    TRTC_APPS: JSON.stringify([{ SdkAppId: SDK_APP_ID, SecretKey: SECRET_KEY, ...application }]),
  });

const TOLD = { CallbackKeys: ["callbackkey"] };

const CONFIGS = {
  plain: configOf({}),
  withCallbacks: configOf(TOLD),
  stoppingUnclaimed: configOf(TOLD, { STOP_UNCLAIMED: "on" }),
  withQuotas: configOf({}, {}, QUOTAS),
  withBudgets: configOf({ Budgets: APPLICATION_BUDGETS }, {}, { Budgets: BUDGETS }),
};

export function configFor({
  callbacks,
  stopsUnclaimed,
  hasQuotas,
  hasBudgets,
}: {
  hasQuotas: boolean;
  hasBudgets: boolean;
  /** Callbacks from TRTC reach us. */
  callbacks: unknown;
  /** The configuration says that no other program plays in the application. */
  stopsUnclaimed: boolean;
}): Config {
  if (hasQuotas) return CONFIGS.withQuotas;
  if (hasBudgets) return CONFIGS.withBudgets;
  if (callbacks === undefined) return CONFIGS.plain;
  return stopsUnclaimed ? CONFIGS.stoppingUnclaimed : CONFIGS.withCallbacks;
}
