/**
 * For serverless.aws.yml: the CLI deploys to AWS by itself; before it does, the functions are built and
 * their settings are checked.
 */
import { buildHook } from "./build-hook.js";
import type { Serverless } from "./serverless-api.js";
import { checkFixedKeys, checkSettings } from "./settings.js";

/** On AWS the variables stand in `environment` itself. */
type Variables = { environment?: Record<string, string> };

interface AwsService {
  provider: Variables;
  functions: Record<string, Variables>;
}

export class AwsPlugin {
  readonly hooks: Record<string, () => Promise<void> | void>;

  constructor(serverless: Pick<Serverless, "cli"> & { service: AwsService }) {
    this.hooks = {
      ...buildHook(serverless),
      "before:deploy:deploy": () => {
        const { provider, functions } = serverless.service;
        for (const [name, { environment }] of Object.entries(functions)) {
          checkFixedKeys(checkSettings(name, { ...provider.environment, ...environment }));
        }
      },
    };
  }
}
