/** The function settings that SCF accepts, and its refusals of others. */
import type {
  CreateFunctionRequest,
  Variable,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_models.js";
import { CloudError } from "./cloud-error.js";

/** The Node.js runtimes in product/583/11637 and the runtime pages. */
const RUNTIMES = ["Nodejs16.13", "Nodejs18.15", "Nodejs20.19", "Nodejs22.21", "Nodejs24.11"];

/** The fields of CreateFunction that our deployment may send. */
const FIELDS: ReadonlySet<string> = new Set<keyof CreateFunctionRequest>([
  "FunctionName",
  "Namespace",
  "Code",
  "Handler",
  "Description",
  "MemorySize",
  "Timeout",
  "Environment",
  "Runtime",
  "VpcConfig",
  "Role",
  "PublicNetConfig",
  "InitTimeout",
  "AsyncRunEnable",
  "DeadLetterConfig",
  "ClsLogsetId",
  "ClsTopicId",
  "Layers",
]);

/** Fields that only CreateFunction takes. */
const CREATE_ONLY = new Set(["Code", "Handler", "AsyncRunEnable"]);

const ENVIRONMENT_MAX_BYTES = 4096;

export function checkConfiguration(
  request: CreateFunctionRequest,
  action: "CreateFunction" | "UpdateFunctionConfiguration",
): void {
  for (const field of Object.keys(request)) {
    const isKnown = FIELDS.has(field) && (action === "CreateFunction" || !CREATE_ONLY.has(field));
    if (!isKnown) throw new CloudError("UnknownParameter", `${action} has no field ${field}.`);
  }
  const { FunctionName, Runtime = "", Handler, MemorySize = 0, Timeout = 0 } = request;
  refuseUnless(/^[A-Za-z][\w-]{1,58}[A-Za-z0-9]$/.test(FunctionName), "FunctionName");
  refuseUnless(RUNTIMES.includes(Runtime), "Runtime");
  refuseUnless(Handler === undefined || /^[\w-]+\.[\w-]+$/.test(Handler), "Handler");
  const isStep = MemorySize === 64 || (MemorySize % 128 === 0 && MemorySize >= 128);
  refuseUnless(isStep && MemorySize <= 3072, "MemorySize");
  refuseUnless(Number.isInteger(Timeout) && Timeout >= 1 && Timeout <= 900, "Timeout");
  checkEnvironment(request.Environment?.Variables ?? []);
}

function checkEnvironment(variables: readonly Variable[]): void {
  let bytes = 0;
  for (const { Key = "", Value = "" } of variables) {
    refuseUnless(/^[A-Za-z][A-Za-z0-9_]{1,63}$/.test(Key), "Environment");
    refuseUnless(!/^(SCF|QCLOUD|TENCENTCLOUD)_/.test(Key), "Environment");
    refuseUnless(Value !== "", "Environment");
    bytes += Buffer.byteLength(Key) + Buffer.byteLength(Value);
  }
  refuseUnless(bytes <= ENVIRONMENT_MAX_BYTES, "Environment");
}

function refuseUnless(holds: boolean, field: string): void {
  if (!holds) throw new CloudError(`InvalidParameterValue.${field}`, `${field} is not right.`);
}
