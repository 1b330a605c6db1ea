/**
 * The parts of serverless-tencent-scf 0.1.36 that this plugin replaces. package.json pins the
 * version, because the parts are replaced by name. A test deploys with it.
 */
import { createRequire } from "node:module";
import type { Serverless } from "./serverless-api.js";

/** The data that the plugin passes between its steps. */
export interface UpstreamOptions {
  region: string;
  stage: string;
  /** `--function`, `--data` and `--path` of `invoke`. */
  function?: string;
  data?: string;
  path?: string;
  /** `--package` of `deploy`. */
  package?: string;
  token?: string | undefined;
  credentials?: {
    tencent_secret_id: string;
    tencent_secret_key: string;
    tencent_appid: string;
    tencent_owneruin: string;
  };
}

interface Prototype<T> {
  prototype: T;
}

export interface UpstreamProvider {
  serverless: Serverless;
  options: UpstreamOptions;
  getCredentials: (this: UpstreamProvider) => Promise<void>;
  getUserCred: (this: UpstreamProvider, options: UpstreamOptions) => Promise<UpstreamOptions>;
  getUserAuth: (this: UpstreamProvider) => Promise<true>;
  getAppid: (keys: {
    SecretId: string;
    SecretKey: string;
    token?: string | undefined;
  }) => Promise<{ AppId: string; OwnerUin: string }>;
  getEnvironment: (
    this: UpstreamProvider,
    declared: { environment?: { variables?: Record<string, unknown> } },
  ) => { Variables: Record<string, string> } | null;
  getFunctionName: (key: string) => string;
}

export interface FunctionToDeploy {
  /** As in serverless.yml. */
  Name: string;
  /** As in SCF: `<service>-<stage>-<name>`. */
  FuncName: string;
  Properties: {
    CodeUri: { Bucket: string; Key: string };
    Handler: string;
    Runtime: string;
    Role?: string;
    MemorySize: number;
    Timeout: number;
    Description: string;
    Environment?: { Variables: Record<string, string> };
    VpcConfig?: { VpcId: string; SubnetId: string };
  };
}

/** One step of a deployment. It knows the service and the keys. */
export interface UpstreamHandler {
  serverless: Serverless;
  options: UpstreamOptions;
}

export interface UpstreamDeployFunction extends UpstreamHandler {
  uploadService2Cos: () => Promise<void>;
  updateFunctionCode: (
    this: UpstreamDeployFunction,
    namespace: string,
    target: FunctionToDeploy,
  ) => Promise<unknown>;
  addRole: (this: UpstreamDeployFunction) => Promise<void>;
  createFunction: (
    this: UpstreamDeployFunction,
    namespace: string,
    target: FunctionToDeploy,
  ) => Promise<unknown>;
  updateConfiguration: (
    this: UpstreamDeployFunction,
    namespace: string,
    old: unknown,
    target: FunctionToDeploy,
  ) => Promise<void>;
  checkStatus: (
    this: UpstreamDeployFunction,
    namespace: string,
    target: Pick<FunctionToDeploy, "FuncName">,
  ) => Promise<true>;
}

export interface UpstreamDeployTrigger extends UpstreamHandler {
  create: (
    this: UpstreamDeployTrigger,
    namespace: string,
    old: unknown,
    target: FunctionToDeploy,
  ) => Promise<unknown[]>;
}

/** A command of the plugin. `provider` has the functions' names in SCF. */
export interface UpstreamCommand extends UpstreamHandler {
  provider: UpstreamProvider;
}

type Run = (this: UpstreamCommand) => Promise<void>;

export interface Upstream {
  Provider: Prototype<UpstreamProvider> &
    (new (serverless: Serverless, options: UpstreamOptions) => UpstreamProvider);
  DeployFunction: Prototype<UpstreamDeployFunction>;
  DeployTrigger: Prototype<UpstreamDeployTrigger>;
  Deploy: Prototype<{ deploy: Run }>;
  DeployOneFunction: Prototype<{ packageFunction: () => never }>;
  Info: Prototype<{ info: Run }>;
  Invoke: Prototype<{ invoke: Run }>;
  Remove: Prototype<{ remove: Run }>;
  Rollback: Prototype<{ rollback: () => Promise<never> }>;
  DeployList: Prototype<{ serviceList: () => Promise<never> }>;
  DeployListFunctions: Prototype<{ functionList: () => Promise<never> }>;
  Logs: Prototype<{ logs: () => Promise<never> }>;
  Metrics: Prototype<{ metrics: () => Promise<never> }>;
  DataReport: Prototype<{ report: () => Promise<boolean> }>;
  validate: { validateEventsProperty: (this: { serverless: Serverless }) => void };
}

export function loadUpstream(): Upstream {
  const require = createRequire(import.meta.url);
  const own = createRequire(require.resolve("serverless-tencent-scf"));
  const tools = own("serverless-tencent-tools") as {
    Others: { DataReport: { DataReport: Upstream["DataReport"] } };
  };
  return {
    Provider: own("./provider/tencentProvider.js") as Upstream["Provider"],
    DeployFunction: own("./deploy/lib/deployFunction.js") as Upstream["DeployFunction"],
    DeployTrigger: own("./deploy/lib/deployTrigger.js") as Upstream["DeployTrigger"],
    Deploy: own("./deploy/tencentDeploy.js") as Upstream["Deploy"],
    DeployOneFunction: own("./deploy/tencentDeployFunction.js") as Upstream["DeployOneFunction"],
    Info: own("./info/tencentInfo.js") as Upstream["Info"],
    Invoke: own("./invoke/tencentInvoke.js") as Upstream["Invoke"],
    Remove: own("./remove/tencentRemove.js") as Upstream["Remove"],
    Rollback: own("./rollback/tencentRollback.js") as Upstream["Rollback"],
    DeployListFunctions: own(
      "./deploy/tencentDeployListFunctions.js",
    ) as Upstream["DeployListFunctions"],
    Logs: own("./logs/tencentLogs.js") as Upstream["Logs"],
    Metrics: own("./metrics/tencentMetrics.js") as Upstream["Metrics"],
    DeployList: own("./deploy/tencentDeployList.js") as Upstream["DeployList"],
    DataReport: tools.Others.DataReport.DataReport,
    validate: own("./shared/validate.js") as Upstream["validate"],
  };
}
