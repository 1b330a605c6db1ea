/** DATABASE_CA: the only authorities whose certificates a database's server may show. */
import type { Environment } from "../environment.js";
import { ConfigError } from "../read-variables.js";
import { parseDatabaseCa } from "./parse-ca.js";

/** Returns PEM. Throws ConfigError. */
export function readDatabaseCa(env: Environment): string | undefined {
  if ((env["DATABASE_CA"] ?? "").trim() === "") return undefined;
  const read = parseDatabaseCa(env);
  if ("fault" in read) throw new ConfigError(read.fault);
  return read.pem;
}
