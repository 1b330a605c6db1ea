/** An operator's settings for tests: a small correct set, and functions that change it. */
import type { Environment } from "../../../shared/config/environment.js";
import { readConfig } from "../../../shared/config/configuration.js";
import { ConfigError } from "../../../shared/config/read-variables.js";

export const CN_APP = 1400000000;
export const INTL_APP = 1600000000;

export const caller = { Id: "backend", SecretKeys: ["backend-secret-key"], SdkAppIds: [INTL_APP] };
export const application = { SdkAppId: INTL_APP, SecretKey: "application-secret-key" };
export const account = { Account: "intl", SecretId: "AKIDcloud", SecretKey: "cloud-secret-key" };

export const SET: Environment = {
  CALLERS: JSON.stringify([caller]),
  TRTC_APPS: JSON.stringify([application]),
};

export const read = (changes: Environment = {}) => readConfig({ ...SET, ...changes });

export const withCallers = (...callers: object[]) => read({ CALLERS: JSON.stringify(callers) });
export const withCaller = (changes: object) => withCallers({ ...caller, ...changes });
export const withApplications = (...entries: object[]) =>
  read({ TRTC_APPS: JSON.stringify(entries) });
export const withApplication = (changes: object) =>
  withApplications({ ...application, ...changes });
export const withAccounts = (...entries: object[]) =>
  read({ TRTC_ACCOUNTS: JSON.stringify(entries) });

/** The message that stops the instance. Throws when nothing stops it. */
export function stopping(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("nothing was wrong");
}
