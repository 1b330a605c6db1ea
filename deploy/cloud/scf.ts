/**
 * Cloud functions, as far as a deployment uses them. It refuses the same requests as SCF, by
 * its documentation. It delays each change as SCF does, and runs the uploaded code.
 */
import type {
  CreateFunctionRequest,
  CreateTriggerRequest,
  TriggerInfo,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_models.js";
import { unzipSync } from "fflate";
import { systemClock as clock } from "../../shared/clock.js";
import { CloudError } from "./cloud-error.js";
import { checkConfiguration } from "./function-shapes.js";
import { describedTrigger } from "./trigger-shapes.js";

export interface CloudFunction {
  FunctionId: string;
  /** All fields that it was created and changed with, by SCF's names. */
  configuration: CreateFunctionRequest;
  zip: Uint8Array;
  Status: "Creating" | "Updating" | "Active";
  Triggers: TriggerInfo[];
  /** How often it was read since its last change. */
  reads: number;
}

/** The number of reads that show a change as not finished. */
const BUSY_READS = 2;

export interface ScfOptions {
  region: string;
  /** The uploaded object that `Code` names. */
  readObject: (bucket: string, key: string) => Buffer | undefined;
  /** Runs the function from its zip and returns its result as text. */
  invoke: (target: CloudFunction, event: unknown) => Promise<InvokeResult>;
}

export interface InvokeResult {
  /** The returned value as JSON. Absent when the function failed. */
  answer: string | undefined;
  log: string;
}

type Parameters = Readonly<Record<string, unknown>>;

export interface Scf {
  functions: ReadonlyMap<string, CloudFunction>;
  serve: (action: string, parameters: Parameters) => object | Promise<object>;
}

export function makeScf({ region, readObject, invoke }: ScfOptions): Scf {
  const functions = new Map<string, CloudFunction>();
  let made = 0;

  const find = (name: unknown): CloudFunction => {
    const target = functions.get(String(name));
    if (target) return target;
    throw new CloudError("ResourceNotFound.Function", `The function ${String(name)} is not there.`);
  };
  /** A running change blocks the next one. */
  const findIdle = (name: unknown): CloudFunction => {
    const target = find(name);
    if (target.Status === "Active") return target;
    throw new CloudError("FailedOperation.FunctionStatusError", `It is ${target.Status}.`);
  };
  const codeOf = (bucket: unknown, key: unknown, handler: string): Uint8Array => {
    const zip = readObject(String(bucket), String(key));
    if (!zip) throw new CloudError("InvalidParameterValue.Code", "There is no such object in COS.");
    const entry = `${handler.split(".")[0] ?? ""}.js`;
    if (!(entry in unzipSync(zip))) {
      throw new CloudError("InvalidParameterValue.Handler", `The zip's root has no ${entry}.`);
    }
    return zip;
  };

  const actions: Record<string, (parameters: never) => object | Promise<object>> = {
    CreateFunction(request: CreateFunctionRequest) {
      checkConfiguration(request, "CreateFunction");
      if (functions.has(request.FunctionName)) {
        throw new CloudError("ResourceInUse.Function", "The function name is in use.");
      }
      const { CosBucketName, CosObjectName } = request.Code;
      const zip = codeOf(CosBucketName, CosObjectName, request.Handler ?? "");
      made += 1;
      functions.set(request.FunctionName, {
        FunctionId: `lam-${made.toString().padStart(8, "0")}`,
        configuration: request,
        zip,
        Status: "Creating",
        Triggers: [],
        reads: 0,
      });
      return {};
    },
    UpdateFunctionCode(request: Parameters & { FunctionName: string; Handler: string }) {
      const target = findIdle(request.FunctionName);
      target.zip = codeOf(request["CosBucketName"], request["CosObjectName"], request.Handler);
      target.configuration = { ...target.configuration, Handler: request.Handler };
      target.Status = "Updating";
      target.reads = 0;
      return {};
    },
    UpdateFunctionConfiguration(request: CreateFunctionRequest) {
      const target = findIdle(request.FunctionName);
      checkConfiguration(request, "UpdateFunctionConfiguration");
      if (request.Runtime !== target.configuration.Runtime) {
        throw new CloudError("InvalidParameterValue.Runtime", "A runtime cannot be changed.");
      }
      target.configuration = { ...target.configuration, ...request };
      target.Status = "Updating";
      target.reads = 0;
      return {};
    },
    GetFunction({ FunctionName }: Parameters) {
      const target = find(FunctionName);
      const { configuration, FunctionId, Status } = target;
      // Shows the change as running for some reads, then as done.
      target.reads += 1;
      if (target.reads >= BUSY_READS) target.Status = "Active";
      const { Code: _, ...shown } = configuration;
      return { ...shown, FunctionId, Status, StatusReasons: [], Triggers: [...target.Triggers] };
    },
    DeleteFunction({ FunctionName }: Parameters) {
      find(FunctionName);
      functions.delete(String(FunctionName));
      return {};
    },
    ListFunctions() {
      const all = [...functions].map(([FunctionName, { Status }]) => ({ FunctionName, Status }));
      return { TotalCount: all.length, Functions: all };
    },
    CreateTrigger(request: CreateTriggerRequest) {
      const target = findIdle(request.FunctionName);
      if (target.Triggers.some(isNamed(request))) {
        throw new CloudError("ResourceInUse.Trigger", "The trigger is there already.");
      }
      const info = infoOf(request, region);
      target.Triggers.push(info);
      return { TriggerInfo: info };
    },
    UpdateTrigger(request: CreateTriggerRequest) {
      const target = findIdle(request.FunctionName);
      const at = target.Triggers.findIndex(isNamed(request));
      if (at < 0) throw new CloudError("ResourceNotFound.Trigger", "There is no such trigger.");
      target.Triggers[at] = infoOf(request, region);
      return {};
    },
    DeleteTrigger(request: CreateTriggerRequest) {
      const target = findIdle(request.FunctionName);
      target.Triggers = target.Triggers.filter((trigger) => !isNamed(request)(trigger));
      return {};
    },
    async Invoke({ FunctionName, ClientContext }: Parameters) {
      const target = findIdle(FunctionName);
      const { answer, log } = await invoke(target, JSON.parse(String(ClientContext)));
      const outcome = answer === undefined ? { InvokeResult: 1, ErrMsg: "it threw" } : okResult;
      return { Result: { ...outcome, RetMsg: answer ?? "", Log: log } };
    },
  };

  return {
    functions,
    serve(action, parameters) {
      const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (!act) throw new CloudError("InvalidAction", `${action} is not imitated.`);
      return act(parameters as never);
    },
  };
}

const okResult = { InvokeResult: 0, ErrMsg: "" };

const isNamed =
  ({ Type, TriggerName }: Pick<CreateTriggerRequest, "Type" | "TriggerName">) =>
  (trigger: TriggerInfo): boolean =>
    trigger.Type === Type && trigger.TriggerName === TriggerName;

function infoOf(request: CreateTriggerRequest, region: string): TriggerInfo {
  const { Type, TriggerName, TriggerDesc = "", Enable, CustomArgument, FunctionName } = request;
  const at = clock.now();
  return {
    Type,
    TriggerName,
    TriggerDesc: describedTrigger(Type, TriggerDesc, { functionName: FunctionName, region, at }),
    Enable: Enable === "CLOSE" ? 0 : 1,
    AvailableStatus: "Available",
    ...(CustomArgument !== undefined && { CustomArgument }),
  };
}
