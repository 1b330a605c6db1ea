/** Creates and changes a function, with every field that serverless.yml may have. */
import type {
  CreateFunctionRequest,
  UpdateFunctionConfigurationRequest,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_models.js";
import { variablesOf } from "../checks/limits.js";
import { NAMESPACE, scfClient, untilActive, untilIdle } from "./scf-api.js";
import type { Serverless } from "../serverless-api.js";
import type { FunctionToDeploy, Upstream } from "../upstream.js";
import { withDeployError } from "../deploy-error.js";

export function mendFunctions({ Provider, DeployFunction }: Upstream): void {
  // The plugin writes a function's variables into an object that all functions share. Every
  // function got the secrets of all others.
  Provider.prototype.getEnvironment = function (declared) {
    const Variables = variablesOf(this.serverless.service.provider, declared);
    return Object.keys(Variables).length === 0 ? null : { Variables };
  };

  // The plugin stored a list of each deployment in COS, with the secrets of every function.
  DeployFunction.prototype.uploadService2Cos = () => Promise.resolve();

  // At every deployment the plugin created SCF's default role with a wide policy, also without
  // being asked.
  const { addRole } = DeployFunction.prototype;
  DeployFunction.prototype.addRole = async function () {
    if (this.serverless.service.provider.enableRoleAuth === true) await addRole.call(this);
  };

  DeployFunction.prototype.createFunction = function (_namespace, target) {
    const { Bucket, Key } = target.Properties.CodeUri;
    const request: CreateFunctionRequest = {
      ...configurationOf(this.serverless, target),
      Handler: target.Properties.Handler,
      Code: { CosBucketName: Bucket, CosObjectName: `/${Key}` },
    };
    return withDeployError(`CreateFunction ${target.FuncName}`, () =>
      scfClient(this.options).CreateFunction(request),
    );
  };

  // An aborted deployment may have left the function busy. SCF then refuses the next change.
  const { updateFunctionCode } = DeployFunction.prototype;
  DeployFunction.prototype.updateFunctionCode = async function (namespace, target) {
    const { FuncName } = target;
    await withDeployError(`GetFunction ${FuncName}`, () =>
      untilIdle(scfClient(this.options), FuncName),
    );
    return withDeployError(`UpdateFunctionCode ${FuncName}`, () =>
      updateFunctionCode.call(this, namespace, target),
    );
  };

  DeployFunction.prototype.updateConfiguration = async function (_namespace, _old, target) {
    const request = configurationOf(this.serverless, target);
    await withDeployError(`UpdateFunctionConfiguration ${target.FuncName}`, () =>
      scfClient(this.options).UpdateFunctionConfiguration(request),
    );
  };

  // The plugin slept a second after every answer, even after the final one.
  DeployFunction.prototype.checkStatus = async function (_namespace, { FuncName }) {
    await withDeployError(`GetFunction ${FuncName}`, () =>
      untilActive(scfClient(this.options), FuncName),
    );
    return true;
  };
}

function configurationOf(
  { service }: Serverless,
  { Name, FuncName, Properties }: FunctionToDeploy,
): UpdateFunctionConfigurationRequest {
  const { Runtime, Role, MemorySize, Timeout, Description, Environment, VpcConfig } = Properties;
  const variables = Object.entries(Environment?.Variables ?? {});
  return {
    FunctionName: FuncName,
    Namespace: NAMESPACE,
    Runtime,
    MemorySize,
    Timeout,
    Description,
    ...(Role !== undefined && Role !== "" && { Role }),
    ...(variables.length > 0 && {
      Environment: { Variables: variables.map(([Key, Value]) => ({ Key, Value })) },
    }),
    ...(VpcConfig && { VpcConfig }),
    // InitTimeout, PublicNetConfig, …: fields that the plugin does not know, by SCF's own names.
    ...service.provider.scf,
    ...service.functions[Name]?.scf,
  };
}
