/**
 * Checks whether the CLI reads `.env` as `npm run doctor` and `npm run migrate` do. The CLI takes
 * `$` as the start of a variable, also in single quotes. It reads a `.env.<stage>` instead of
 * `.env`. Both would deploy settings other than the checked ones.
 */
import { existsSync } from "node:fs";
import { readEnvFile } from "../../../local/environment/env-file.js";
import type { Environment } from "../../../shared/config/environment.js";
import { VARIABLES } from "../../../shared/config/configuration.js";
import { DeployError } from "../deploy-error.js";

export function checkEnvFile(env: Environment, stage: string): void {
  refuseReplaced(env);
  const stageFile = `.env.${stage}`;
  if (existsSync(stageFile)) {
    throw new DeployError(
      `the CLI would read ${stageFile} instead of .env: put its settings into .env, or export them`,
    );
  }
  if (!existsSync(".env")) return;
  const written = Object.entries(readEnvFile(".env"));
  const changed = written.find(
    ([name, value]) => value?.includes("$") === true && env[name] !== value,
  );
  if (!changed) return;
  throw new DeployError(
    `${changed[0]} holds a $ in .env, which the CLI takes for a variable: write %24 in a URL, or export ${changed[0]} in the shell and take it out of .env`,
  );
}

/** The CLI silently replaces `${…}` also in a variable's value. */
function refuseReplaced(env: Environment): void {
  const replaced = VARIABLES.find((name) => env[name]?.includes("${") === true);
  if (replaced === undefined) return;
  throw new DeployError(
    `${replaced} holds \${, which the CLI takes for a variable and replaces: write \\u0024 for the $ in JSON, or %24 in a URL`,
  );
}
