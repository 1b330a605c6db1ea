/** SCF's own API, through Tencent's typed SDK. The plugin's old client lacks some of its calls. */
import { createRequire } from "node:module";
import type { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_client.js";
import type { GetFunctionResponse } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_models.js";
import { systemClock as clock } from "../../../shared/clock.js";
import type { UpstreamOptions } from "../upstream.js";
import { DeployError } from "../deploy-error.js";

export const NAMESPACE = "default";

/** Only commands that call Tencent load it. */
export function scfClient(
  { credentials, region, token }: UpstreamOptions,
  { timeoutSeconds = 60 } = {},
): Client {
  if (!credentials) throw new Error("no credentials");
  const require = createRequire(import.meta.url);
  const sdk =
    require("tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_client.js") as {
      Client: typeof Client;
    };
  const { tencent_secret_id: secretId, tencent_secret_key: secretKey } = credentials;
  return new sdk.Client({
    credential: { secretId, secretKey, ...(token !== undefined && { token }) },
    region,
    profile: { httpProfile: { reqTimeout: timeoutSeconds } },
  });
}

/** `undefined` when the function does not exist. */
export async function getFunction(
  client: Client,
  FunctionName: string,
): Promise<GetFunctionResponse | undefined> {
  try {
    return await client.GetFunction({ FunctionName, Namespace: NAMESPACE, ShowCode: "FALSE" });
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (/^ResourceNotFound\.Function(Name)?$/.test(code)) return undefined;
    throw error;
  }
}

const POLL_MS = 500;
const GIVE_UP_MS = 90_000;

/** SCF accepts a change and then carries it out. It refuses the next change until that is done. */
export async function untilActive(client: Client, FunctionName: string): Promise<void> {
  const { Status, why } = await untilIdle(client, FunctionName);
  if (Status !== "Active") throw new DeployError(`${FunctionName} is ${Status}: ${why}`);
}

/** A function whose creation failed blocks the next deployment. */
export async function untilIdle(
  client: Client,
  FunctionName: string,
): Promise<{ Status: string; why: string }> {
  const startedMs = clock.elapsedMs();
  for (;;) {
    const { Status = "?", StatusReasons = [] } = (await getFunction(client, FunctionName)) ?? {};
    const why = StatusReasons.map(({ ErrorMessage }) => ErrorMessage).join("; ");
    if (Status === "CreateFailed") {
      throw new DeployError(
        `${FunctionName} is CreateFailed: ${why}. Delete it, then deploy again`,
      );
    }
    if (Status !== "Creating" && Status !== "Updating") return { Status, why };
    if (clock.elapsedMs() - startedMs > GIVE_UP_MS) {
      throw new DeployError(`${FunctionName} is still ${Status} after ${GIVE_UP_MS / 1000} s`);
    }
    await clock.sleep(POLL_MS);
  }
}
