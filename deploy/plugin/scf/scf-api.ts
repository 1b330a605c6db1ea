/** SCF's own API, by Tencent's typed SDK: for what the named plugin's old client does not know. */
import { createRequire } from "node:module";
import type { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_client.js";
import type { GetFunctionResponse } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_models.js";
import { systemClock as clock } from "../../../shared/clock.js";
import type { UpstreamOptions } from "../upstream.js";
import { DeployError } from "../deploy-error.js";

export const NAMESPACE = "default";

/** Only the commands that call Tencent pay for loading it. */
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

/** `undefined` when there is no such function. */
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

/** SCF takes a change and carries it out meanwhile; the next change is refused until it is done. */
export async function untilActive(client: Client, FunctionName: string): Promise<void> {
  const { Status, why } = await untilIdle(client, FunctionName);
  if (Status !== "Active") throw new DeployError(`${FunctionName} is ${Status}: ${why}`);
}

/** A function that could not even be made is in the way of the next deployment. */
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
