/**
 * The only file that runs ajv. A value that does not fit is refused with one of Tencent's codes.
 * The message names the first wrong field and says what to send instead. A message never repeats a
 * value, because the value may be a secret.
 */
import type { TObject, TSchema } from "@sinclair/typebox";
import type { ErrorObject, ValidateFunction } from "ajv";
import { ApiError } from "./errors.js";
import { ERROR_TABLE, type ErrorCode } from "./error-table.js";
import { compile } from "./compile.js";
import { INGEST_HINTS } from "./schedules/ingest.js";
import { ACTIONS, type Action, type Requests, SCHEMAS } from "./schemas.js";
import { SITES, type Site } from "./sites.js";

export type Check<T> = (value: unknown) => T;

/** Compiles on first use, so an instance pays only for the actions that it serves. */
export function makeCheck<T>(schema: TObject, name = ""): Check<T> {
  let validate: ValidateFunction<T> | undefined;
  return (value) => {
    validate ??= compile<T>(schema, name);
    if (validate(value)) return value;
    throw refusal(schema, validate.errors?.[0]);
  };
}

const nameOf = (action: Action, site: Site): string => `${action} ${site}`;

/** Each schema by its name. The build uses the same names. */
export const REQUEST_SCHEMAS: ReadonlyMap<string, TObject> = new Map(
  ACTIONS.flatMap((action) =>
    SITES.map((site) => [nameOf(action, site), SCHEMAS[action][site]] as const),
  ),
);

const checks = new Map(
  [...REQUEST_SCHEMAS].map(([name, schema]) => [name, makeCheck(schema, name)] as const),
);

/** Returns the same value with its type, or throws an ApiError. */
export function checkRequest<A extends Action>(
  { action, site }: { action: A; site: Site },
  value: unknown,
): Requests[A] {
  return checks.get(nameOf(action, site))?.(value) as Requests[A];
}

/**
 * Fields that Tencent removed, fields of other actions, and fields of one site only. A place such
 * as `Ingest.StopTime` goes before a name.
 */
const HINTS = new Map<string, string>([
  ...Object.entries(INGEST_HINTS).map(([field, hint]) => [`Ingest.${field}`, hint] as const),
  ["SourceUrl", "StreamUrl has taken its place"],
  ["VideoEncodeParams", "TRTC chooses the encoding"],
  ["AudioEncodeParams", "TRTC chooses the encoding; Volume sets the loudness"],
  ["StrRoomId", "send RoomId with RoomIdType 0"],
  ["EnableProgress", "only start and update on the Chinese site have it"],
  ["Tempo", "only start and update on the Chinese site have it"],
  ["ExtendableUntil", "only a start has it"],
  ["StartWindowSeconds", "only a start has it"],
  ["StartIndex", "only a start has it"],
  ["IdleTimeout", "only start on the Chinese site has it"],
]);

function refusal(schema: TSchema, error: ErrorObject | undefined): ApiError {
  if (!error) return new ApiError("InvalidParameter");
  const path = error.instancePath.split("/").slice(1);
  const failed = path.reduce(partOf, schema);
  if (error.keyword === "required") {
    const field = String(error.params["missingProperty"]);
    return new ApiError(
      specific("MissingParameter", field),
      `${placeOf([...path, field])} is missing: send ${expected(partOf(failed, field))}.`,
    );
  }
  if (error.keyword === "additionalProperties") {
    const field = printable(String(error.params["additionalProperty"]));
    const place = placeOf([...path, field]);
    const hint = HINTS.get(place) ?? insideHint(failed, field) ?? HINTS.get(field);
    return new ApiError(
      "UnknownParameter",
      `There is no field ${place}: ${hint ?? "leave it out"}.`,
    );
  }
  const field = path.findLast((part) => !IS_INDEX.test(part));
  if (field === undefined) {
    return new ApiError("InvalidParameter.BodyParamsError", "This must be one JSON object.");
  }
  const problem = PROBLEMS[error.keyword] ?? "is wrong";
  const code = specific(error.keyword === "type" ? "InvalidParameter" : rangeCode(error), field);
  return new ApiError(code, `${placeOf(path)} ${problem}: send ${expected(failed)}.`);
}

/**
 * The schema of a field or of an item. With `verbose`, ajv would give the schema that a value does
 * not fit, and generate half as much code again.
 */
const partOf = (schema: TSchema, part: string): TSchema => {
  const fields = schema["properties"] as Record<string, TSchema> | undefined;
  return (fields?.[part] ?? schema["items"]) as TSchema;
};

/** For a field that stands beside the object or list that it belongs to. */
function insideHint(schema: TSchema, field: string): string | undefined {
  const fields = Object.entries((schema["properties"] ?? {}) as Record<string, TSchema>);
  const inside = fields.find(([, part]) => {
    const inner = ((part["items"] ?? part) as TSchema)["properties"] as object | undefined;
    return inner !== undefined && Object.hasOwn(inner, field);
  });
  return inside && `send it inside ${inside[0]}`;
}

const IS_INDEX = /^\d+$/;

/** `Playlist[3].StreamUrl`. The parts come from our schemas, apart from a last unknown name. */
const placeOf = (path: readonly string[]): string =>
  path.reduce((place, part) => {
    if (IS_INDEX.test(part)) return `${place}[${part}]`;
    return place === "" ? part : `${place}.${part}`;
  }, "");

const PROBLEMS: Readonly<Record<string, string>> = {
  type: "has the wrong type",
  enum: "has a value that is not offered",
  minimum: "is too small",
  maximum: "is too large",
  not: "may not be 0",
  minLength: "is too short",
  maxLength: "is too long",
  pattern: "has the wrong form",
  minItems: "is empty",
  maxItems: "is too long",
  uniqueItems: "names something twice",
};

const RANGE_KEYWORDS = new Set(["minimum", "maximum", "not"]);

const rangeCode = (error: ErrorObject): "InvalidParameter.OutOfRange" | "InvalidParameterValue" =>
  RANGE_KEYWORDS.has(error.keyword) ? "InvalidParameter.OutOfRange" : "InvalidParameterValue";

/** TRTC has its own codes for some fields. They say more than the general code. */
function specific(
  family:
    | "MissingParameter"
    | "InvalidParameter"
    | "InvalidParameter.OutOfRange"
    | "InvalidParameterValue",
  field: string,
): ErrorCode {
  const head = family === "MissingParameter" ? "MissingParameter" : "InvalidParameter";
  const own = `${head}.${field}`;
  return Object.hasOwn(ERROR_TABLE, own) ? (own as ErrorCode) : family;
}

/** Says in words what a field expects: "an integer from 0 to 100". */
export function expected(schema: TSchema | undefined): string {
  if (!schema) return "it";
  const { type, minimum, maximum, minLength, maxLength, pattern } = schema as Record<
    string,
    unknown
  >;
  const choices = schema["enum"] as readonly unknown[] | undefined;
  if (choices) return `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`;
  if (type === "boolean") return "true or false";
  if (type === "array") return itemsExpected(schema);
  if (type === "object") return objectExpected(schema);
  if (type === "string") {
    const shortest = typeof minLength === "number" ? minLength : 1;
    const length =
      typeof maxLength === "number" ? ` of ${shortest} to ${maxLength} characters` : "";
    return `a string${length}${typeof pattern === "string" ? ` that fits ${pattern}` : ""}`;
  }
  const zero = "not" in schema ? ", not 0" : "";
  return `${type === "integer" ? "an integer" : "a number"} from ${String(minimum)} to ${String(maximum)}${zero}`;
}

const itemsExpected = ({ minItems, maxItems }: TSchema): string =>
  maxItems === undefined ? "a list" : `a list of ${String(minItems)} to ${String(maxItems)} items`;

function objectExpected({ required = [] }: TSchema): string {
  const fields = (required as readonly string[]).join(", ");
  return fields === "" ? "an object" : `an object with ${fields}`;
}

/**
 * A field's name comes from the caller, so only printable characters are repeated, cut to a limit.
 */
const printable = (name: string): string => name.replace(/[^\x20-\x7e]/g, "?").slice(0, 64);
