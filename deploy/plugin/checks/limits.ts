/**
 * Checks SCF's limits before anything is uploaded. SCF itself would refuse halfway through a
 * deployment.
 */
import { checkCron } from "../../../server/declared/cron.js";
import type {
  DeclaredEvent,
  DeclaredFunction,
  Provider,
} from "../../../server/declared/service-file.js";
import { DeployError } from "../deploy-error.js";

/**
 * SCF's limits, from product/583/11637 of its documentation and CreateFunction's field
 * descriptions.
 */
const FUNCTION_NAME_MAX = 60;
const TRIGGER_NAME_MAX = 100;
export const ENVIRONMENT_MAX_BYTES = 4096;
const RESERVED = /^(SCF_|QCLOUD_|TENCENTCLOUD_)/;

/** The variables of a function: its own and the provider's, without empty ones. */
export function variablesOf(
  provider: Pick<Provider, "environment">,
  declared: Pick<DeclaredFunction, "environment">,
): Record<string, string> {
  const all = { ...provider.environment?.variables, ...declared.environment?.variables };
  const set = Object.entries(all).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  return Object.fromEntries(
    set.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

export const environmentBytes = (variables: Readonly<Record<string, string>>): number =>
  Object.entries(variables).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );

/** Each fault is a sentence. The list is empty when the function can be deployed. */
export function limitFaults(
  fullName: string,
  variables: Readonly<Record<string, string>>,
  triggerNames: readonly string[],
): string[] {
  const faults: string[] = [];
  if (fullName.length > FUNCTION_NAME_MAX) {
    faults.push(
      `${fullName} has ${fullName.length} characters, and SCF takes ${FUNCTION_NAME_MAX}: choose a shorter service or stage`,
    );
  }
  const bytes = environmentBytes(variables);
  if (bytes > ENVIRONMENT_MAX_BYTES) {
    faults.push(
      `${fullName} gets ${bytes} bytes of environment, and SCF takes ${ENVIRONMENT_MAX_BYTES}: shorten CALLERS and TRTC_APPS, or split the callers over two services`,
    );
  }
  for (const name of Object.keys(variables).filter((variable) => RESERVED.test(variable))) {
    faults.push(`${fullName} sets ${name}, a name that SCF reserves: choose another name`);
  }
  for (const name of triggerNames.filter(({ length }) => length > TRIGGER_NAME_MAX)) {
    faults.push(
      `the name of the trigger ${name} of ${fullName} has over ${TRIGGER_NAME_MAX} characters: choose a shorter one`,
    );
  }
  return faults;
}

/** SCF refuses a wrong line halfway through a deployment, without naming the field. */
export const cronFaults = (
  name: string,
  events: readonly DeclaredEvent[] | null | undefined,
): string[] =>
  (events ?? []).flatMap(({ timer }) => {
    if (!timer) return [];
    try {
      checkCron(timer.parameters.cronExpression);
      return [];
    } catch (error) {
      return [`${name}: ${(error as Error).message}`];
    }
  });

/**
 * The plugin silently leaves out half a network, and then the function cannot reach the database.
 */
export function networkFaults(
  name: string,
  { vpcId = "", subnetId = "" }: { vpcId?: string; subnetId?: string },
): string[] {
  if ((vpcId === "") === (subnetId === "")) return [];
  const missing = vpcId === "" ? "VPC_ID" : "SUBNET_ID";
  return [`${name} has only half a network: set ${missing} as well, or neither`];
}

/**
 * The upload is always dist/functions.zip, built for this deployment. A named folder would be ignored.
 */
export function refuseOldPackage({ package: folder }: { package?: string }): void {
  if (folder === undefined) return;
  throw new DeployError("--package is not read here: run `serverless deploy`, which builds anew");
}
