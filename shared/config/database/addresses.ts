/** Every database of a deployment, for commands. They take every URL that `pg` takes. */
import type { Environment } from "../environment.js";
import { type DatabaseAddress, readDatabaseAddress } from "./address.js";
import { readDatabaseUrls } from "./urls.js";

export interface NamedAddress {
  /** Its accounts, and never its URL. */
  name: string;
  address: DatabaseAddress;
}

/** The database of DATABASE_URL, and those of DATABASE_URLS; none without DATABASE_URL. Throws ConfigError. */
export function readDatabaseAddresses(env: Environment): NamedAddress[] {
  const byUrl = readDatabaseUrls(env);
  const main = readDatabaseAddress(env);
  if (!main) return [];
  const names = new Map<string, string[]>();
  for (const [account, urls] of byUrl) {
    for (const url of urls) names.set(url, [...(names.get(url) ?? []), account]);
  }
  names.delete(main.url);
  return [
    { name: "default", address: main },
    ...[...names].map(([url, accounts]) => ({
      name: accounts.join(", "),
      address: { ...main, url },
    })),
  ];
}

/** What stands before a line about one of several databases. */
export const namedIn = (all: readonly NamedAddress[], name: string): string =>
  all.length > 1 ? `${name}: ` : "";
