/**
 * The keys of the account to deploy to. The plugin reads a file in the home directory, and without
 * it waits for a scanned code. Here the keys come from the environment or `.env`, by the names of
 * Tencent's SDKs. An error names missing ones.
 */
import { environment } from "../../shared/config/environment.js";
import type { Upstream } from "./upstream.js";
import { DeployError, withDeployError } from "./deploy-error.js";

export function mendCredentials({ Provider, DataReport }: Upstream): void {
  // The plugin sent the account's number in clear text at every command. The receiving host is
  // retired, and without its answer the process ended.
  DataReport.prototype.report = () => Promise.resolve(true);
  Provider.prototype.getUserAuth = () => Promise.resolve(true);

  // The constructor calls this at every command, also for commands that need no account.
  Provider.prototype.getCredentials = () => Promise.resolve();
  Provider.prototype.getUserCred = async function (options) {
    if (options.credentials) return options;
    const { secretId, secretKey, token } = deployKeys();
    const account = await withDeployError("The account's number (CAM GetUserAppId)", () =>
      this.getAppid({ SecretId: secretId, SecretKey: secretKey, token }),
    );
    options.token = token;
    options.credentials = {
      tencent_secret_id: secretId,
      tencent_secret_key: secretKey,
      tencent_appid: account.AppId,
      tencent_owneruin: account.OwnerUin,
    };
    return options;
  };
}

function deployKeys(): { secretId: string; secretKey: string; token: string | undefined } {
  const env = environment();
  const secretId = env["TENCENTCLOUD_SECRET_ID"] ?? "";
  const secretKey = env["TENCENTCLOUD_SECRET_KEY"] ?? "";
  if (secretId === "" || secretKey === "") {
    throw new DeployError(
      "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY are not set: export them, or put them into .env (docs/deploy.md says what they may do)",
    );
  }
  return { secretId, secretKey, token: env["TENCENTCLOUD_SESSION_TOKEN"] || undefined };
}
