/**
 * DATABASE_URLS: the databases of the accounts that are not in the one of DATABASE_URL. While an
 * account moves it has two, and the first takes its new ingests.
 */
import type { Application } from "../applications.js";
import type { Environment } from "../environment.js";
import { refuseIfAny } from "../read-variables.js";
import { parseDatabaseUrls } from "./parse-urls.js";

/** The URLs of each account that the variable names. */
export type DatabaseUrls = ReadonlyMap<string, readonly string[]>;

/** `applications`: absent where the function does not read them. Throws ConfigError. */
export function readDatabaseUrls(
  env: Environment,
  applications?: ReadonlyMap<number, Application>,
): DatabaseUrls {
  if ((env["DATABASE_URLS"] ?? "") === "") return new Map();
  const used = applications && new Set([...applications.values()].map(({ Account }) => Account));
  const { faults, urls } = parseDatabaseUrls(env, used);
  refuseIfAny(faults);
  return new Map(urls);
}
