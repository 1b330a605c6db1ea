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

/** The application, as TRTC sees it. */
export const APPLICATION = {
  sdkAppId: SDK_APP_ID,
  secretKey: SECRET_KEY,
  site: "intl",
} as const;

const configOf = (
  application: object,
  variables: Readonly<Record<string, string>> = {},
  quotas: Partial<typeof QUOTAS> = {},
) =>
  readConfig({
    ...EVENT_SETTINGS,
    ...variables,
    CALLERS: JSON.stringify(
      [...CALLER_IDS, CROWD].map((Id) => ({
        ...quotas,
        Id,
        SecretKeys: [`${Id}-secret-key-of-the-simulation`],
        SdkAppIds: [SDK_APP_ID],
        MaxDuration: 10,
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
};

export function configFor({
  callbacks,
  stopsUnclaimed,
  hasQuotas,
}: {
  hasQuotas: boolean;
  /** Callbacks from TRTC reach us. */
  callbacks: unknown;
  /** The configuration says that no other program plays in the application. */
  stopsUnclaimed: boolean;
}): Config {
  if (hasQuotas) return CONFIGS.withQuotas;
  if (callbacks === undefined) return CONFIGS.plain;
  return stopsUnclaimed ? CONFIGS.stoppingUnclaimed : CONFIGS.withCallbacks;
}
