/** Turns the text of a variable into its value, or into a list of its faults. */
import type { Static, TObject } from "@sinclair/typebox";
import { SECOND_MS } from "../clock.js";
import type { Environment } from "./environment.js";
import { ApiError } from "../contract/errors.js";
import { makeCheck } from "../contract/check.js";
import { withoutMark } from "../json.js";

/**
 * Not an ApiError: the operator reads these faults, in full, when an instance opens. A fault names
 * the variable, its entry and field. It never contains the value, which may be a secret.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** All faults of one variable. The message is the first fault. */
  readonly faults: readonly string[];

  constructor(fault: string, ...others: string[]) {
    super(fault);
    this.faults = [fault, ...others];
  }
}

export function refuseIfAny(faults: readonly (string | undefined)[]): void {
  const [first, ...others] = faults.filter((fault) => fault !== undefined);
  if (first !== undefined) throw new ConfigError(first, ...others);
}

const isSet = (text: string | undefined): text is string => text !== undefined && text !== "";

export function readList<S extends TObject>(
  env: Environment,
  variable: string,
  { schema, required = false }: { schema: S; required?: boolean },
): Static<S>[] {
  const text = env[variable];
  if (!isSet(text)) {
    if (required)
      throw new ConfigError(`${variable} is not set: send a JSON list, see docs/configuration.md`);
    return [];
  }
  const entries = parseJson(variable, text);
  if (!Array.isArray(entries)) throw new ConfigError(`${variable} must be a JSON list`);
  const check = makeCheck<Static<S>>(schema, variable);
  refuseIfAny(
    entries.map((entry, index) => {
      try {
        check(entry);
        return undefined;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return `${variable}[${index}]: ${error.message}`;
      }
    }),
  );
  return entries as Static<S>[];
}

function parseJson(variable: string, text: string): unknown {
  try {
    return JSON.parse(withoutMark(text));
  } catch {
    throw new ConfigError(`${variable} is no JSON`);
  }
}

export function uniquely<T, K extends keyof T>(
  variable: string,
  key: K,
  entries: readonly T[],
): Map<T[K], T> {
  const entriesByKey = new Map<T[K], T>();
  refuseIfAny(
    entries.map((entry, index) => {
      if (entriesByKey.has(entry[key]))
        return `${variable}[${index}]: ${String(key)} is used by another entry`;
      entriesByKey.set(entry[key], entry);
      return undefined;
    }),
  );
  return entriesByKey;
}

/** Finds two entries that share a key. An entry may have several keys. */
export function sharedKeys(
  variable: string,
  what: string,
  keysOf: readonly (readonly string[])[],
): string[] {
  const holders = new Map<string, number>();
  return keysOf.flatMap((keys, index) =>
    keys.flatMap((key) => {
      const holder = holders.get(key) ?? index;
      holders.set(key, holder);
      if (holder === index) return [];
      return [`${variable}[${holder}] and ${variable}[${index}] share a ${what}`];
    }),
  );
}

export function readSwitch(env: Environment, variable: string): boolean {
  const text = env[variable] ?? "";
  if (["", "0", "false", "off"].includes(text)) return false;
  if (["1", "true", "on"].includes(text)) return true;
  throw new ConfigError(`${variable} must be on or off`);
}

export function readUrl(
  env: Environment,
  variable: string,
  protocols: string[],
): string | undefined {
  const text = env[variable];
  if (!isSet(text)) return undefined;
  if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return text;
  throw new ConfigError(`${variable} must be a URL that begins with ${protocols.join("// or ")}//`);
}

const HEADERS = /^([\w-]+=(%[2-7][\da-f]|[!-$&-+.-~-])+(,(?!$)|$))+$/i;

/** `name=value,name=value`, each value percent-encoded, as OpenTelemetry has them. */
export function readHeaders(env: Environment, variable: string): string {
  const text = env[variable] ?? "";
  if (text === "" || HEADERS.test(text)) return text;
  throw new ConfigError(`${variable} must be name=value,name=value`);
}

export function readSeconds(
  env: Environment,
  variable: string,
  { min, max, usual }: { min: number; max: number; usual: number },
): number {
  const text = env[variable];
  const seconds = isSet(text) ? Number(text) : usual;
  if (seconds >= min && seconds <= max) return seconds * SECOND_MS;
  throw new ConfigError(`${variable} must be a number of seconds from ${min} to ${max}`);
}

/** Whole days; 0: never. */
export function readDays(
  env: Environment,
  variable: string,
  { max, usual }: { max: number; usual: number },
): number {
  const text = env[variable];
  if (!isSet(text)) return usual;
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw new ConfigError(
    `${variable} must be a whole number of days from 1 to ${max}, or 0 to delete nothing`,
  );
}

/** Whole minutes, at least one. */
export function readMinutes(
  env: Environment,
  variable: string,
  { max, usual }: { max: number; usual: number },
): number {
  const text = env[variable];
  const minutes = isSet(text) ? Number(text) : usual;
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= max) return minutes;
  throw new ConfigError(`${variable} must be a whole number of minutes from 1 to ${max}`);
}
