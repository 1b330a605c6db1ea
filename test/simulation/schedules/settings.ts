/** The caller of every year, and what it may do. */
import { MINUTE_MS } from "../../../shared/clock.js";
import { readConfig } from "../../../shared/config/configuration.js";
import { APPLICATION } from "../actors/settings.js";

export const CALLER_ID = "backend";

const LONGEST_MINUTES = 1440;

/** No ingest lasts longer. */
export const LONGEST_MS = LONGEST_MINUTES * MINUTE_MS;

const configOf = (application: object) =>
  readConfig({
    CALLERS: JSON.stringify([
      {
        Id: CALLER_ID,
        SecretKeys: ["secret-key-of-the-simulation"],
        SdkAppIds: [APPLICATION.sdkAppId],
        MaxDuration: LONGEST_MINUTES,
        UserPattern: "[a-z0-9]+",
      },
    ]),
    ALLOW_PRIVATE_STREAM_HOSTS: "on",
    TRTC_APPS: JSON.stringify([
      { SdkAppId: APPLICATION.sdkAppId, SecretKey: APPLICATION.secretKey, ...application },
    ]),
  });

const CONFIGS = {
  plain: configOf({}),
  withCallbacks: configOf({ CallbackKeys: ["callbackkey"] }),
};

export const configFor = ({ callbacks }: { callbacks: unknown }) =>
  callbacks === undefined ? CONFIGS.plain : CONFIGS.withCallbacks;
