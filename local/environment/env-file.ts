/** Settings in a file beside serverless.yml. The CLI reads the same file. */
import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Environment } from "../../shared/config/environment.js";
import { withoutMark } from "../../shared/json.js";

/**
 * Variables that are already set take precedence. Throws an Error when a named file does not exist.
 */
export function withEnvFile(outer: Environment, named?: string): Environment {
  const path = named ?? ".env";
  if (existsSync(path)) return { ...readEnvFile(path), ...outer };
  if (named === undefined) return outer;
  throw new Error(`the file ${named} does not exist`);
}

/** A byte-order mark is not a part of the first variable's name. The Serverless CLI drops it too. */
export const readEnvFile = (path: string): Environment =>
  parseEnv(withoutMark(readFileSync(path, "utf8")));
