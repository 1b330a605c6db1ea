/** The api function that a command calls, and the caller's key that it calls with. */
import type { Environment } from "../../shared/config/environment.js";
import { DEFAULT_REGION } from "../../shared/contract/sites.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { LOCAL_CALLER } from "../../local/environment/local-environment.js";
import { gatewayOf } from "../../local/environment/run-file.js";
import { UsageError } from "../../local/terminal/command.js";
import {
  chooseDeployment,
  type Deployment,
  firstKeyOf,
  readUrl,
  type TargetFlags,
} from "./deployment.js";

export type Key =
  { kind: "bearer"; key: string } | { kind: "tc3"; secretId: string; secretKey: string };

export interface Target {
  /** The URL of the `api` function. */
  url: URL;
  key: Key;
  region: string;
}

/** Throws UsageError that says what to set. */
export async function readTarget(env: Environment, flags: TargetFlags): Promise<Target> {
  const deployment = await chooseDeployment(env, flags);
  return deployment.kind === "local" ? localTarget(env) : targetOf(deployment);
}

function targetOf({ profile, names }: Extract<Deployment, { kind: "named" }>): Target {
  const { Url, Key, SecretId, SecretKey, Region } = profile;
  const url = readUrl(Url, { name: names.Url, whose: "the api function" });
  const target = { url, region: Region === "" ? DEFAULT_REGION : Region };
  const isSigned = SecretId !== "" || SecretKey !== "";
  if (Key !== "" && isSigned) {
    throw new UsageError(`${names.Key} and ${names.SecretKey} are both set: keep one of them`);
  }
  if (Key !== "") return { ...target, key: { kind: "bearer", key: Key } };
  if (SecretId !== "" && SecretKey !== "") {
    return { ...target, key: { kind: "tc3", secretId: SecretId, secretKey: SecretKey } };
  }
  throw new UsageError(
    `a key is missing: set ${names.Key}, or ${names.SecretId} and ${names.SecretKey}`,
  );
}

/** The first caller of CALLERS, or the published local one. */
async function localTarget(env: Environment): Promise<Target> {
  const set = withEnvFile(env);
  const url = new URL(await gatewayOf(set));
  const callers = set["CALLERS"] ?? "";
  const key = callers === "" ? LOCAL_CALLER.SecretKey : firstKeyOf(callers);
  if (key !== undefined) return { url, key: { kind: "bearer", key }, region: DEFAULT_REGION };
  throw new UsageError("CALLERS has no key to call with: set TRTC_INGEST_URL and TRTC_INGEST_KEY");
}
