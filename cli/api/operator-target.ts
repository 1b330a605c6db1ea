/** The health function of a deployment, and the operator's key for it. */
import type { Environment } from "../../shared/config/environment.js";
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

export interface OperatorTarget {
  /** Of `GET /health`. */
  url: URL;
  key: string;
  /** What to set where this is not the right URL. */
  nameOfUrl: string;
}

/** Throws UsageError that says what to set. */
export async function readOperatorTarget(
  env: Environment,
  flags: TargetFlags,
): Promise<OperatorTarget> {
  const deployment = await chooseDeployment(env, flags);
  return deployment.kind === "local" ? localTarget(env) : targetOf(deployment);
}

/** In the cloud each function has its own host. A gateway may have all of them behind one URL. */
function targetOf({ profile, names }: Extract<Deployment, { kind: "named" }>): OperatorTarget {
  const { Url, HealthUrl, OperatorKey: key } = profile;
  const url =
    HealthUrl === ""
      ? readUrl(Url, { name: names.Url, whose: "the api function" })
      : readUrl(HealthUrl, { name: names.HealthUrl, whose: "the health function" });
  if (key !== "") return { url: healthOf(url), key, nameOfUrl: names.HealthUrl };
  throw new UsageError(
    `an operator's key is missing: set ${names.OperatorKey} to a key of OPERATOR_KEYS`,
  );
}

function healthOf(url: URL): URL {
  const path = url.pathname.replace(/\/+$/, "");
  return new URL(path.endsWith("/health") ? path : `${path}/health`, url);
}

/** The first operator of OPERATOR_KEYS. Without it, the local caller's key is one. */
async function localTarget(env: Environment): Promise<OperatorTarget> {
  const set = withEnvFile(env);
  const url = healthOf(new URL(await gatewayOf(set)));
  const operators = set["OPERATOR_KEYS"] ?? "";
  const key = operators === "" ? LOCAL_CALLER.SecretKey : firstKeyOf(operators);
  if (key !== undefined) return { url, key, nameOfUrl: "TRTC_INGEST_HEALTH_URL" };
  throw new UsageError(
    "OPERATOR_KEYS has no key: set TRTC_INGEST_HEALTH_URL and TRTC_INGEST_OPERATOR_KEY",
  );
}
