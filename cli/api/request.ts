/** The request of a command: its JSON body, if it has one, and the flags over it. */
import { readFileSync } from "node:fs";
import type { TSchema } from "@sinclair/typebox";
import { checkRequest } from "../../shared/contract/check.js";
import { ApiError } from "../../shared/contract/errors.js";
import { fieldsOfForm } from "../../shared/contract/form-fields.js";
import type { Action } from "../../shared/contract/schemas.js";
import { parseObject, withoutMark } from "../../shared/json.js";
import { UsageError } from "../../local/terminal/command.js";
import type { Io } from "../../local/terminal/io.js";
import { attributeOf, fieldsOf, flagOf } from "./fields.js";

interface Given {
  /** By commander's names. */
  flags: object;
  /** Fields that stand without a flag. */
  positional?: Readonly<Record<string, string>>;
}

/** Throws UsageError for what the functions would refuse, with the same message. */
export async function readRequest(
  action: Action,
  { flags, positional = {} }: Given,
  io: Io,
): Promise<object> {
  const given = flags as Readonly<Record<string, unknown>> & { jsonBody?: string };
  const request = new Map(Object.entries(await readBody(given.jsonBody, io)));
  for (const [field, schema] of Object.entries(fieldsOf(action))) {
    const value = given[attributeOf(field)] ?? positional[field];
    if (value !== undefined) request.set(field, await valueOf(value, { field, schema, io }));
  }
  return checked(action, Object.fromEntries(request));
}

/** A site may have fields or ranges that the other does not have. One of them must fit. */
function checked(action: Action, request: object): object {
  try {
    return checkRequest({ action, site: "cn" }, request);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new UsageError(`${error.code}: ${error.message}`);
  }
}

async function readBody(source: string | undefined, io: Io): Promise<object> {
  if (source === undefined) return {};
  const body = parseObject(await textFrom(source, { flag: "--json-body", io }));
  if (body) return body;
  throw new UsageError("--json-body is not a JSON object: send the fields of the action");
}

/** `-` and `@file`. A text in the arguments could be a secret, which all processes would see. */
async function textFrom(source: string, { flag, io }: { flag: string; io: Io }): Promise<string> {
  if (source === "-") return io.readInput();
  if (!source.startsWith("@")) {
    throw new UsageError(`${flag} must be - for stdin, or @ and the name of a file`);
  }
  try {
    return readFileSync(source.slice(1), "utf8");
  } catch {
    throw new UsageError(`${flag}: the file ${source.slice(1)} cannot be read`);
  }
}

interface FieldText {
  field: string;
  schema: TSchema;
  io: Io;
}

async function valueOf(value: unknown, { field, schema, io }: FieldText): Promise<unknown> {
  const { type } = schema as { type?: string };
  if (typeof value !== "string" || type === "string") return value;
  if (type === "array" || type === "object") return structureOf(value, { field, schema, io });
  return fieldsOfForm([[field, value]], { schema: asObject(field, schema), isV1: false })[field];
}

const asObject = (field: string, schema: TSchema): TSchema =>
  ({ type: "object", properties: { [field]: schema } }) as unknown as TSchema;

/** JSON, `@file`, `-`, or a list of plain texts with commas. */
async function structureOf(text: string, { field, schema, io }: FieldText): Promise<unknown> {
  const items = schema["items"] as TSchema | undefined;
  const isJson = /^\s*[[{]/.test(text);
  if (items?.["type"] === "string" && !isJson && !/^(@|-$)/.test(text)) {
    return text === "" ? [] : text.split(",");
  }
  const flag = flagOf(field);
  const json = isJson ? text : await textFrom(text, { flag, io });
  try {
    return JSON.parse(withoutMark(json));
  } catch {
    throw new UsageError(`${flag} is not JSON: send JSON, @ and the name of a file, or -`);
  }
}
