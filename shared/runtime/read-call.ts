/** Reads the action, its fields and the region from every place that Tencent allows. */
import { ApiError } from "../contract/errors.js";
import { COMMON_PARAMETERS } from "../contract/common-parameters.js";
import { type Action, isAction, SCHEMAS } from "../contract/schemas.js";
import { API_VERSION } from "../contract/sites.js";
import { parseObject } from "../json.js";
import { fieldsOfForm } from "../contract/form-fields.js";
import { formOf, type HttpRequest, mediaType } from "./http-event.js";

export interface ReadCall<A extends Action = Action> {
  action: A;
  fields: Readonly<Record<string, unknown>>;
  region: string | undefined;
}

interface Reading {
  /** The part of the form that a v1 signature covers. The other fields are not trusted. */
  signed?: Readonly<Record<string, string>> | undefined;
  /** The action of a request that names none; absent: it must name one of several. */
  unnamed?: Action | undefined;
}

/** `served` are the actions of this function. A function with a single action needs no action name. */
export function readCall(
  request: HttpRequest,
  served: readonly Action[],
  { signed, unnamed = served.length === 1 ? served[0] : undefined }: Reading = {},
): ReadCall {
  if (request.method !== "GET" && request.method !== "POST") {
    throw new ApiError("UnsupportedProtocol");
  }
  const form = signed ?? formOf(request);
  const isV1 = signed !== undefined || "Signature" in form;
  // A v1 signature covers the form and no header. A header must not choose the action. Otherwise an
  // attacker could replay a captured describe as a stop.
  const common = (header: string, parameter: string): string | undefined =>
    isV1 ? form[parameter] : onlyOf(request, header, parameter);
  const action = chooseAction(common("x-tc-action", "Action") ?? unnamed, served);
  const version = common("x-tc-version", "Version");
  if (version !== undefined && version !== API_VERSION) throw new ApiError("NoSuchVersion");
  const isForm = request.method === "GET" || isV1;
  const fields = isForm ? formFields(form, { action, isV1 }) : fieldsOfJson(request);
  if (isV1) refuseRecut(form);
  return { action, fields, region: common("x-tc-region", "Region") };
}

/**
 * TC3 signs the query. The SDKs do not sign the X-TC headers. A header that contradicts the query
 * is refused: it could turn a captured describe into a stop.
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
 * The v1 signature joins its parameters with `=` and `&` and does not encode them. An attacker
 * could split a captured request in another way. The next parameter could become part of the
 * ClientToken. The ClientToken could become part of an unknown name. Either change means another
 * token, and so another start.
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
  if (named !== undefined && isAction(named) && served.includes(named)) return named;
  throw new ApiError("InvalidAction", `Send one of ${served.join(", ")} as X-TC-Action.`);
}

/** The fields of a JSON body. An empty body has none. */
export function fieldsOfJson(request: HttpRequest): ReadCall["fields"] {
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

/** The Chinese site's schema has the fields of both sites. */
function formFields(
  form: Readonly<Record<string, string>>,
  { action, isV1 }: { action: Action; isV1: boolean },
): ReadCall["fields"] {
  const pairs = Object.entries(form).filter(([name]) => !COMMON_PARAMETERS.has(name));
  return fieldsOfForm(pairs, { schema: SCHEMAS[action].cn, isV1 });
}
