/**
 * The commands around a deployment. The plugin's own commands print an error and then succeed.
 * These end with an error, so that a pipeline notices.
 */
import { readFile } from "node:fs/promises";
import { getFunction, NAMESPACE, scfClient } from "./scf/scf-api.js";
import { parsedDesc } from "./scf/triggers.js";
import type { Upstream, UpstreamCommand } from "./upstream.js";
import { DeployError, withDeployError, errorText } from "./deploy-error.js";

/** For the transfer of an invocation and its answer, besides the function's own time. */
const ANSWER_SECONDS = 10;

export function mendCommands(upstream: Upstream): void {
  const { Deploy, DeployOneFunction, DeployList, Info, Invoke, Remove, Rollback } = upstream;

  const { deploy } = Deploy.prototype;
  Deploy.prototype.deploy = async function () {
    await login(upstream, this);
    try {
      await deploy.call(this);
    } catch (thrown) {
      throw new DeployError(
        `${errorText(thrown)}\nThe steps before it are deployed. Run the same command again to continue.`,
        { cause: thrown },
      );
    }
    await showService(this);
  };

  DeployOneFunction.prototype.packageFunction = () => {
    throw new DeployError("All functions share one zip: run `serverless deploy`");
  };

  // The plugin rolls back by lists in COS, which are no longer kept.
  const rollBack = () =>
    Promise.reject(
      new DeployError("To roll back, check out the commit and deploy it: docs/deploy.md says how"),
    );
  Rollback.prototype.rollback = rollBack;
  DeployList.prototype.serviceList = rollBack;

  // The plugin's versions log an error and succeed, and call an API that SCF has replaced.
  const elsewhere = () =>
    Promise.reject(
      new DeployError(
        "`serverless info` shows the functions; logs and metrics are in SCF's console",
      ),
    );
  upstream.DeployListFunctions.prototype.functionList = elsewhere;
  upstream.Logs.prototype.logs = elsewhere;
  upstream.Metrics.prototype.metrics = elsewhere;

  Info.prototype.info = async function () {
    await login(upstream, this);
    await showService(this);
  };

  Remove.prototype.remove = async function () {
    await login(upstream, this);
    const client = scfClient(this.options);
    for (const name of namesOf(this)) {
      if (!(await withDeployError(`GetFunction ${name}`, () => getFunction(client, name))))
        continue;
      await withDeployError(`DeleteFunction ${name}`, () =>
        client.DeleteFunction({ FunctionName: name, Namespace: NAMESPACE }),
      );
      this.serverless.cli.log(`Removed ${name}`);
    }
  };

  Invoke.prototype.invoke = async function () {
    await login(upstream, this);
    const { function: key = "", data, path } = this.options;
    const FunctionName = this.provider.getFunctionName(key);
    const ClientContext = data ?? (path === undefined ? "{}" : await readFile(path, "utf8"));
    // A timer's run may wait for a deadline until its own time limit.
    const { functions, provider } = this.serverless.service;
    const timeoutSeconds = (functions[key]?.timeout ?? provider.timeout ?? 3) + ANSWER_SECONDS;
    const { Result } = await withDeployError(`Invoke ${FunctionName}`, () =>
      scfClient(this.options, { timeoutSeconds }).Invoke({
        FunctionName,
        Namespace: NAMESPACE,
        ClientContext,
        LogType: "Tail",
      }),
    );
    process.stdout.write(`${Result?.RetMsg ?? ""}\n`);
    if (Result?.Log) process.stderr.write(`${Result.Log}\n`);
    if (Result?.InvokeResult !== 0) {
      throw new DeployError(
        `${FunctionName} failed: ${Result?.ErrMsg || `InvokeResult ${String(Result?.InvokeResult)}`}`,
      );
    }
  };
}

async function login({ Provider }: Upstream, command: UpstreamCommand): Promise<void> {
  const provider = new Provider(command.serverless, command.options);
  command.options = await provider.getUserCred(command.options);
}

const namesOf = ({ serverless, provider }: UpstreamCommand): string[] =>
  Object.keys(serverless.service.functions).map((key) => provider.getFunctionName(key));

/** Callers need the addresses after a deployment. */
async function showService(command: UpstreamCommand): Promise<void> {
  const { serverless, options } = command;
  const client = scfClient(options);
  const out = [`${serverless.service.service}, stage ${options.stage}, ${options.region}`];
  for (const name of namesOf(command)) {
    const deployed = await withDeployError(`GetFunction ${name}`, () => getFunction(client, name));
    out.push(`  ${name}  ${deployed?.Status ?? "not deployed"}`);
    for (const { Type, TriggerName, TriggerDesc } of deployed?.Triggers ?? []) {
      out.push(
        `    ${Type ?? "?"} ${TriggerName ?? "?"}  ${addressIn(Type, TriggerDesc)}`.trimEnd(),
      );
    }
  }
  serverless.cli.log(out.join("\n"));
}

/** A function URL's description holds its address. Other triggers have settings there. */
function addressIn(type: string | undefined, desc = ""): string {
  if (type !== "http") return desc;
  const { NetConfig } = parsedDesc(desc) as {
    NetConfig?: { ExtranetUrl?: string; IntranetUrl?: string };
  };
  return NetConfig?.ExtranetUrl || NetConfig?.IntranetUrl || "(its address is in SCF's console)";
}
