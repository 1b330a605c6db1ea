/** Settings in a file beside serverless.yml. The CLI reads the same file. */
import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Environment } from "../../shared/config/environment.js";

/**
 * Variables that are already set take precedence. Throws an Error when a named file does not exist.
 */
export function withEnvFile(outer: Environment, named?: string): Environment {
  const path = named ?? ".env";
  if (existsSync(path)) return { ...parseEnv(readFileSync(path, "utf8")), ...outer };
  if (named === undefined) return outer;
  throw new Error(`the file ${named} does not exist`);
}
