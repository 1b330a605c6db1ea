/** Settings in a file beside serverless.yml, where the CLI reads them as well. */
import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Environment } from "../../shared/config/environment.js";

/** What is set already wins. Throws an Error when a file is named that is not there. */
export function withEnvFile(outer: Environment, named?: string): Environment {
  const path = named ?? ".env";
  if (existsSync(path)) return { ...parseEnv(readFileSync(path, "utf8")), ...outer };
  if (named === undefined) return outer;
  throw new Error(`there is no file ${named}`);
}
