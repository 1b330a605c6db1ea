/**
 * The configuration file of `npm run emulator`: accounts, applications, switches and faults, in
 * JSON.
 */
import { readFileSync } from "node:fs";
import { type Static, type TObject, type TSchema, Type } from "@sinclair/typebox";
import { ApiError } from "../shared/contract/errors.js";
import { makeCheck } from "../shared/contract/check.js";
import { FIELDS } from "../shared/contract/fields.js";
import { type Site, SITES } from "../shared/contract/sites.js";
import { type Fault, readFaults } from "./faults/fault.js";
import type { Accounts, Application } from "./accounts.js";

export interface ConfigFile {
  accounts?: Accounts;
  applications?: readonly Application[];
  /** Not checked yet, because the command line may add switches. */
  switches?: object;
  faults?: readonly Fault[];
}

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const object = <T extends Record<string, TSchema>>(fields: T) =>
  Type.Object(fields, { additionalProperties: false });
const key = Type.String({ minLength: 1, maxLength: 256 });

const fileSchema = object({
  accounts: optional(Type.Unknown()),
  applications: optional(Type.Unknown()),
  switches: optional(Type.Unknown()),
  faults: optional(Type.Unknown()),
});

const accountSchema = object({ secretKey: key, token: optional(key) });

/** As TRTC's console takes them. It would never send a login in the URL. */
const callback = {
  callbackUrl: optional(
    Type.String({ pattern: "^https?://[^\\s/?#@]+([/?#]\\S*)?$", maxLength: 2083 }),
  ),
  callbackKey: optional(Type.String({ pattern: "^[A-Za-z0-9]+$", maxLength: 32 })),
};

const applicationSchema = object({
  sdkAppId: FIELDS.cn.SdkAppId,
  secretKey: key,
  site: Type.Unsafe<Site>({ type: "string", enum: SITES }),
  advancedPermission: optional(Type.Boolean()),
  ingest: optional(Type.Boolean()),
  rtmp: optional(Type.Boolean()),
  ...callback,
  secretIds: optional(Type.Array(key)),
});

/** Throws an Error that names the place of the wrong value in the file. */
export function readConfigFile(path: string): ConfigFile {
  const json = parseJson(new TextDecoder().decode(readFileSync(path)));
  if (json === undefined) throw new Error(`${path} is not JSON`);
  const content = checked(path, fileSchema, json);
  const { accounts, applications, switches, faults } = content;
  return {
    ...(accounts !== undefined && { accounts: readAccounts(accounts) }),
    ...(applications !== undefined && { applications: readApplications(applications) }),
    ...(switches !== undefined && { switches: requireObject("switches", switches) }),
    ...(faults !== undefined && { faults: named("faults", () => readFaults(faults)) }),
  };
}

const readAccounts = (value: unknown): Accounts =>
  Object.fromEntries(
    Object.entries(requireObject("accounts", value)).map(([secretId, account]) => [
      secretId,
      checked(`accounts.${secretId}`, accountSchema, account),
    ]),
  );

function readApplications(value: unknown): Application[] {
  if (!Array.isArray(value)) throw new Error("applications is not a list");
  return value.map((entry, index) => checked(`applications[${index}]`, applicationSchema, entry));
}

/** Checks a callback's address and key from any source. Throws an Error. */
export const readCallback = (name: string, value: object) => checked(name, object(callback), value);

function requireObject(name: string, value: unknown): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Error(`${name} is no object`);
}

const checked = <S extends TObject>(name: string, schema: S, value: unknown): Static<S> =>
  named(name, () => makeCheck<Static<S>>(schema)(value));

/** Adds the place in the configuration to an error. */
export function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
}

/** Undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
