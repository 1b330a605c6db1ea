/**
 * Corrects serverless-tencent-scf 0.1.36 in place. serverless.yml lists this plugin before it.
 *
 *   credentials.ts       sends nothing in clear text and contacts no retired host; keys come from
 *                        the environment
 *   deploy-function.ts   gives a function only its own variables; passes every field of SCF;
 *                        creates a role only on request; stores only the zip in COS
 *   deploy-triggers.ts   adds function URLs; leaves unchanged triggers alone
 *   commands.ts          deploy, info, invoke, remove: they show addresses, and report failures
 *
 * Before an upload it builds the functions, checks their settings as the functions do, and reports
 * what SCF would refuse.
 */
import { environment } from "../../shared/config/environment.js";
import { buildHook } from "./build-hook.js";
import { mendCommands } from "./commands.js";
import { mendCredentials } from "./credentials.js";
import { mendFunctions } from "./scf/deploy-function.js";
import { mendTriggers } from "./scf/deploy-triggers.js";
import { checkEnvFile } from "./checks/env-file-check.js";
import {
  cronFaults,
  limitFaults,
  networkFaults,
  refuseOldPackage,
  variablesOf,
} from "./checks/limits.js";
import { privateFiles } from "./checks/private-files.js";
import type { Serverless } from "./serverless-api.js";
import { checkFixedKeys, checkSettings } from "./settings.js";
import { triggersOf } from "./scf/triggers.js";
import { loadUpstream, type UpstreamOptions } from "./upstream.js";
import { DeployError } from "./deploy-error.js";

export class ScfPlugin {
  readonly hooks: Record<string, () => Promise<void> | void>;

  constructor(serverless: Serverless, options: Partial<UpstreamOptions>) {
    const upstream = loadUpstream();
    mendCredentials(upstream);
    mendFunctions(upstream);
    mendTriggers(upstream);
    mendCommands(upstream);
    this.hooks = {
      ...buildHook(serverless),
      ...privateFiles(serverless, options),
      "after:package:finalize": () => {
        checkEnvFile(environment(), stageOf(serverless, options));
        checkLimits(serverless, options);
      },
      "before:deploy:deploy": () => {
        refuseOldPackage(options);
        checkAllSettings(serverless);
      },
    };
  }
}

const stageOf = ({ service }: Serverless, options: Partial<UpstreamOptions>): string =>
  options.stage ?? service.provider.stage ?? "dev";

function checkLimits(serverless: Serverless, options: Partial<UpstreamOptions>): void {
  const { service } = serverless;
  const { provider, functions } = service;
  const stage = stageOf(serverless, options);
  const faults = Object.entries(functions).flatMap(([name, declared]) => [
    ...limitFaults(
      `${service.service}-${stage}-${name}`,
      variablesOf(provider, declared),
      triggersOf(name, declared.events).map(({ TriggerName }) => TriggerName),
    ),
    ...cronFaults(name, declared.events),
    ...networkFaults(name, { ...provider.vpcConfig, ...declared.vpcConfig }),
  ]);
  if (faults.length > 0) throw new DeployError(faults.join("\n"));
}

function checkAllSettings({ service: { provider, functions } }: Serverless): void {
  for (const [name, declared] of Object.entries(functions)) {
    const config = checkSettings(name, variablesOf(provider, declared));
    if (!(declared.role || provider.role)) checkFixedKeys(config);
  }
}
