/**
 * For serverless.aws.yml. The CLI itself deploys to AWS. This plugin first builds the functions and
 * checks their settings.
 */
import { environment } from "../../shared/config/environment.js";
import { scheduleFault } from "./aws-schedule.js";
import { buildHook } from "./build-hook.js";
import { checkEnvFile } from "./checks/env-file-check.js";
import { refuseOldPackage } from "./checks/limits.js";
import { privateFiles } from "./checks/private-files.js";
import type { Serverless } from "./serverless-api.js";
import { checkFixedKeys, checkSettings } from "./settings.js";
import { DeployError } from "./deploy-error.js";

/** On AWS the variables stand in `environment` itself. */
type Variables = { environment?: Record<string, string> };

type Schedule = string | { rate?: string | string[] };

interface AwsFunction extends Variables {
  events?: { sqs?: string | { functionResponseType?: string }; schedule?: Schedule }[];
}

interface AwsService {
  provider: Variables & { stage?: string };
  functions: Record<string, AwsFunction>;
}

export class AwsPlugin {
  readonly hooks: Record<string, () => Promise<void> | void>;

  constructor(
    serverless: Pick<Serverless, "cli"> &
      Partial<Pick<Serverless, "processedInput" | "serviceDir">> & { service: AwsService },
    options: { package?: string; stage?: string },
  ) {
    this.hooks = {
      ...buildHook(serverless),
      ...privateFiles(serverless, options),
      "after:package:finalize": () => {
        const { stage = "dev" } = serverless.service.provider;
        checkEnvFile(environment(), options.stage ?? stage);
        for (const [name, { events = [] }] of Object.entries(serverless.service.functions)) {
          events.forEach(({ schedule }) => {
            checkSchedule(name, schedule);
          });
        }
      },
      "before:deploy:function:initialize": () => {
        throw new DeployError("All functions share one zip: run `serverless deploy`");
      },
      "before:deploy:deploy": () => {
        refuseOldPackage(options);
        const { provider, functions } = serverless.service;
        for (const [name, { environment, events = [] }] of Object.entries(functions)) {
          checkFixedKeys(checkSettings(name, { ...provider.environment, ...environment }));
          events.forEach(({ sqs }) => checkQueue(name, sqs));
        }
      },
    };
  }
}

function checkSchedule(name: string, schedule: Schedule | undefined): void {
  const rates = typeof schedule === "string" ? schedule : (schedule?.rate ?? []);
  for (const rate of [rates].flat()) {
    const fault = scheduleFault(rate);
    if (fault !== undefined) throw new DeployError(`${name}: the schedule "${rate}" ${fault}`);
  }
}

/** Without it Lambda takes any answer as success and deletes messages that should be retried. */
function checkQueue(name: string, sqs: string | { functionResponseType?: string } | undefined) {
  const reports = typeof sqs === "object" && sqs.functionResponseType === "ReportBatchItemFailures";
  if (sqs === undefined || reports) return;
  throw new DeployError(
    `${name} would lose messages: set functionResponseType: ReportBatchItemFailures for its sqs event`,
  );
}
