/** Checks the functions' settings before a deployment, exactly as the functions do. */
import type { Environment } from "../../shared/config/environment.js";
import { type Config, readConfig } from "../../shared/config/configuration.js";
import { isFunctionName, variablesRead } from "../../shared/config/function-variables.js";
import { ConfigError } from "../../shared/config/read-variables.js";
import { DeployError } from "./deploy-error.js";

/** A function that cannot open answers every call with an error, so it is not deployed. */
export function checkSettings(name: string, variables: Environment): Config {
  try {
    const config = readConfig(variables, isFunctionName(name) ? variablesRead(name) : undefined);
    if (config.databaseUrl === undefined) throw new ConfigError("DATABASE_URL is not set");
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new DeployError(
      `${name} would not start: ${error.message}. Export it, or put it into .env; \`npm run doctor\` checks all of them.`,
    );
  }
}

/** Where no execution role provides keys for TRTC, every account in use needs fixed keys. */
export function checkFixedKeys({
  applications,
  accounts,
}: Partial<Pick<Config, "applications" | "accounts">>): void {
  // A function that gets only one of the two cannot check this.
  if (!applications || !accounts) return;
  const missing = [...applications.values()].find(({ Account }) => !accounts.has(Account));
  if (!missing) return;
  throw new DeployError(
    `TRTC_ACCOUNTS has no keys for the account ${missing.Account} of the application ${missing.SdkAppId}, and there is no role of Tencent Cloud's (SCF_ROLE) that could give some: no call to TRTC could be signed`,
  );
}
