/** What is asked for: the action, its fields and the region, wherever Tencent allows them to stand. */
import type { TSchema } from "@sinclair/typebox";
import { ApiError } from "../contract/errors.js";
import { COMMON_PARAMETERS } from "../contract/common-parameters.js";
import { type Action, isAction, SCHEMAS } from "../contract/schemas.js";
import { API_VERSION } from "../contract/sites.js";
import { parseObject } from "../json.js";
import { formOf, type HttpRequest, mediaType } from "./http-event.js";

export interface ReadCall<A extends Action = Action> {
  action: A;
  fields: Readonly<Record<string, unknown>>;
  region: string | undefined;
}

/**
 * `served` are the actions of this function; one that has a single action needs none to be named.
 * `signed` is what an older signature covers of the form: the rest of it is nobody's word.
 */
export function readCall(
  request: HttpRequest,
  served: readonly Action[],
  signed?: Readonly<Record<string, string>>,
): ReadCall {
  if (request.method !== "GET" && request.method !== "POST") {
    throw new ApiError("UnsupportedProtocol");
  }
  const form = signed ?? formOf(request);
  const isV1 = signed !== undefined || "Signature" in form;
  // The older signature covers the form and no header: what it does not cover must not choose the
  // action, or a captured describe could be sent again as a stop.
  const common = (header: string, parameter: string): string | undefined =>
    isV1 ? form[parameter] : onlyOf(request, header, parameter);
  const action = chooseAction(common("x-tc-action", "Action"), served);
  const version = common("x-tc-version", "Version");
  if (version !== undefined && version !== API_VERSION) throw new ApiError("NoSuchVersion");
  const isForm = request.method === "GET" || isV1;
  const fields = isForm ? fieldsOfForm(form, { action, isV1 }) : fieldsOfJson(request);
  if (isV1) refuseRecut(form);
  return { action, fields, region: common("x-tc-region", "Region") };
}

/**
 * TC3 signs the query and, as the SDKs use it, no X-TC header. A header that says otherwise than
 * the query could make a stop of a captured describe, so it is refused.
 */
function onlyOf(
  { headers, parameters }: HttpRequest,
  header: string,
  parameter: string,
): string | undefined {
  const [inHeader, inQuery] = [headers[header], parameters[parameter]];
  if (inHeader === undefined || inQuery === undefined || inHeader === inQuery) {
    return inHeader ?? inQuery;
  }
  throw new ApiError(
    "InvalidParameterValue",
    `The header X-TC-${parameter} and the query's ${parameter} differ: send one of them, or the same value in both.`,
  );
}

/**
 * The older signature joins its parameters by `=` and `&` without encoding them, so one that was
 * captured could be cut anew: with the next parameter inside the ClientToken, or the ClientToken
 * within a name that nobody reads, which is another token or none, and with it another start.
 */
function refuseRecut(form: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(form)) {
    if (!/^[\w.]+$/.test(name)) {
      throw new ApiError(
        "UnknownParameter",
        "There is a field whose name is no word: leave it out, or sign with TC3-HMAC-SHA256.",
      );
    }
    const isWhole = name === "ClientToken" || COMMON_PARAMETERS.has(name);
    if (isWhole && value.includes("&")) {
      throw new ApiError(
        "InvalidParameterValue",
        `${name} holds an &, which this signature cannot tell from the next field: send one without it, or sign with TC3-HMAC-SHA256.`,
      );
    }
  }
}

function chooseAction(named: string | undefined, served: readonly Action[]): Action {
  const [only, ...others] = served;
  if (named === undefined && only && others.length === 0) return only;
  if (named !== undefined && isAction(named) && served.includes(named)) return named;
  throw new ApiError("InvalidAction", `Send one of ${served.join(", ")} as X-TC-Action.`);
}

function fieldsOfJson(request: HttpRequest): ReadCall["fields"] {
  if (request.body.length === 0) return {};
  if (mediaType(request.headers) !== "application/json") {
    throw new ApiError(
      "InvalidParameter.BodyParamsError",
      "The body has the wrong type: send JSON with the header Content-Type: application/json.",
    );
  }
  const fields = parseObject(request.body);
  if (fields) return fields;
  throw new ApiError("InvalidParameter.BodyParamsError");
}

/** A form knows only text: each value is read as its field's type; what cannot be stays text. */
function fieldsOfForm(
  form: Readonly<Record<string, string>>,
  { action, isV1 }: { action: Action; isV1: boolean },
) {
  const types: Readonly<Record<string, TSchema>> = SCHEMAS[action].cn.properties;
  const isFlag = (name: string) => typeOf(types[name]) === "boolean";
  const entries = Object.entries(form)
    .filter(([name]) => !COMMON_PARAMETERS.has(name))
    // The SDKs send a field that was not set as an empty one in a GET; PHP signs `false` as one.
    .filter(([name, value]) => value !== "" || (isV1 && isFlag(name)))
    .map(([name, value]) => [name, readText(value, typeOf(types[name]))] as const);
  return Object.fromEntries(entries);
}

const typeOf = (schema: TSchema | undefined): unknown => schema?.["type"];

function readText(text: string, type: unknown): unknown {
  if (type === "boolean" && /^(true|1)$/i.test(text)) return true;
  if (type === "boolean" && /^(false|0|)$/i.test(text)) return false;
  const isNumeric = type === "integer" || type === "number";
  return isNumeric && /^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : text;
}
