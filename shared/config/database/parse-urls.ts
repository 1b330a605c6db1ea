/**
 * Reads DATABASE_URLS. A function loads this file when the variable is set, so it shares no class of
 * error with it: the faults are data.
 */
import { isObject, withoutMark } from "../../json.js";
import type { Environment } from "../environment.js";
import { ConfigError, readUrl } from "../read-variables.js";
import { refuseUnknownSsl } from "./address.js";
import { caFault } from "./parameters.js";

export interface ParsedUrls {
  faults: readonly string[];
  /** The URLs of each account. */
  urls: readonly (readonly [account: string, urls: readonly string[]])[];
}

/** `used`: the accounts of TRTC_APPS; absent where the function does not read them. */
export function parseDatabaseUrls(env: Environment, used?: ReadonlySet<string>): ParsedUrls {
  if ((env["DATABASE_URL"] ?? "") === "") {
    return failed(
      "DATABASE_URLS is set and DATABASE_URL is not: it is the database of all other accounts",
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(withoutMark(env["DATABASE_URLS"] ?? ""));
  } catch {
    return failed("DATABASE_URLS is no JSON");
  }
  if (!isObject(json)) {
    return failed("DATABASE_URLS must be a JSON object with a URL for each account");
  }
  const entries = Object.entries(json).map(([account, value], index): Entry => {
    // A URL in the account's place would be a secret.
    const isName = /^[A-Za-z0-9._-]{1,64}$/.test(account);
    const place = isName ? `DATABASE_URLS.${account}` : `DATABASE_URLS, entry ${index + 1}`;
    return { account, isName, place, urls: Array.isArray(value) ? value : [value] };
  });
  const wrong = entries
    .map((entry) => faultOf(entry, env, used))
    .filter((fault) => fault !== undefined);
  if (wrong.length > 0) return failed(...wrong);
  const doubled = otherSpellings(env, entries);
  if (doubled.length > 0) return failed(...doubled);
  return {
    faults: [],
    urls: entries.map(({ account, urls }) => [account, urls as string[]] as const),
  };
}

const failed = (...faults: string[]): ParsedUrls => ({ faults, urls: [] });

interface Entry {
  account: string;
  isName: boolean;
  place: string;
  urls: readonly unknown[];
}

function faultOf(
  { account, isName, place, urls }: Entry,
  env: Environment,
  used: ReadonlySet<string> | undefined,
): string | undefined {
  if (!isName) return `${place}: an account has 1 to 64 letters, digits, dots, dashes or _`;
  if (used?.has(account) === false) return `${place}: no application of TRTC_APPS has this account`;
  if (urls.length < 1 || urls.length > 2 || new Set(urls).size < urls.length) {
    return `${place} must be one URL, or two different ones while the account moves`;
  }
  for (const url of urls) {
    const fault = urlFault(place, url, env);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function urlFault(place: string, url: unknown, env: Environment): string | undefined {
  try {
    const text = typeof url === "string" && url !== "" ? url : "-";
    readUrl({ [place]: text }, place, ["postgres:", "postgresql:"]);
    refuseUnknownSsl(place, text);
    if ((env["DATABASE_CA"] ?? "").trim() === "") return undefined;
    const fault = caFault(place, text);
    return fault && `DATABASE_CA ${fault}`;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** Two spellings would be two databases to us, whose timers then do everything twice. */
function otherSpellings(env: Environment, entries: readonly Entry[]): string[] {
  const url = env["DATABASE_URL"] ?? "";
  const known = new Map([[databaseOf(url), { place: "DATABASE_URL", url }]]);
  return entries.flatMap(({ place, urls }) =>
    urls.flatMap((value) => {
      const url = String(value);
      const before = known.get(databaseOf(url)) ?? { place, url };
      known.set(databaseOf(url), before);
      if (before.url === url) return [];
      return `${place} names the database of ${before.place} in another spelling: send the same text`;
    }),
  );
}

/** Host, port and name, as `pg` reads them. */
function databaseOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const { hostname, port, pathname, searchParams, username } = new URL(url);
  const host = searchParams.get("host") ?? hostname.toLowerCase();
  const name = decodeURIComponent(pathname.slice(1) || username);
  return `${host}:${(searchParams.get("port") ?? port) || "5432"}/${name}`;
}
