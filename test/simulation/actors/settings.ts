/** Who calls, and for which application: the same in every seed. */
import { type Config, readConfig } from "../../../shared/config/configuration.js";
import { EVENT_SETTINGS } from "../messages/sources.js";

const SDK_APP_ID = 1_600_000_000;
const SECRET_KEY = "simulated-application-key";

export const CALLER_IDS = ["backend", "editor"];

/** A third, of the same account, that has many at once. */
export const CROWD = "crowd";

/** What each caller may have, where quotas are drawn. */
export const QUOTAS = { MaxIngests: 2, StartsPerMinute: 3 };

/** TRTC's view of it. */
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
    // The hosts of the workload are none: there is nothing to find out about them.
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
  /** TRTC's callbacks come. */
  callbacks: unknown;
  /** And nobody else plays anything. */
  stopsUnclaimed: boolean;
}): Config {
  if (hasQuotas) return CONFIGS.withQuotas;
  if (callbacks === undefined) return CONFIGS.plain;
  return stopsUnclaimed ? CONFIGS.stoppingUnclaimed : CONFIGS.withCallbacks;
}
