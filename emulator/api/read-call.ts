/**
 * The claims of a request, before anything is verified. TC3 has the common parameters in headers.
 * The older signature has them among the fields of a form or a query.
 */
import type { TObject } from "@sinclair/typebox";
import type { HttpMessage } from "../../shared/signing/tencent/signed-request.js";
import { readTc3, type Tc3Claim } from "../../shared/signing/tencent/tc3.js";
import { readV1, type V1Claim } from "../../shared/signing/tencent/v1.js";
import { COMMON_PARAMETERS } from "../../shared/contract/common-parameters.js";
import { fieldsOf } from "./flat-parameters.js";
import { refusal } from "./refusal.js";

export interface Call {
  action: string | undefined;
  version: string | undefined;
  region: string | undefined;
  token: string | undefined;
  proof: { kind: "tc3"; claim: Tc3Claim } | { kind: "v1"; claim: V1Claim; parameters: Parameters };
  /**
   * The other fields, converted to the types in `types`. With the older signature only the `signed`
   * parameters count. Throws an ApiError.
   */
  fields: (types: TObject, signed: Parameters | undefined) => Record<string, unknown>;
}

export type Parameters = Readonly<Record<string, string>>;

/** "Request structure": 10 MB for TC3, 1 MB for a form, 32 KB for a query. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;
const FORM_BYTES_MAX = 1024 * 1024;
const QUERY_BYTES_MAX = 32 * 1024;

/** Throws an ApiError. */
export function readCall(message: HttpMessage): Call {
  requireSize(message);
  const tc3 = readTc3(message);
  if (tc3) {
    if (!tc3.ok) throw refusal("AuthFailure.InvalidAuthorization");
    return tc3Call(message, tc3.claim);
  }
  const parameters = parametersOf(message);
  const v1 = message.headers["authorization"] === undefined ? readV1(parameters) : undefined;
  if (!v1?.ok) throw refusal("AuthFailure.InvalidAuthorization");
  return v1Call(parameters, v1.claim);
}

function requireSize({ query, body, ...message }: HttpMessage): void {
  const bytesMax = isForm(message) ? FORM_BYTES_MAX : BODY_BYTES_MAX;
  if (query.length > QUERY_BYTES_MAX || body.length > bytesMax) {
    throw refusal("RequestSizeLimitExceeded");
  }
}

function tc3Call(message: HttpMessage, claim: Tc3Claim): Call {
  const { headers } = message;
  const query = Object.fromEntries(new URLSearchParams(message.query));
  const common = (name: "Action" | "Version" | "Region"): string | undefined => {
    const inHeader = headers[`x-tc-${name.toLowerCase()}`];
    const inQuery = query[name];
    if (inHeader === undefined || inQuery === undefined || inHeader === inQuery) return inHeader;
    throw refusal("InvalidParameterValue", `X-TC-${name} and the query's ${name} differ.`);
  };
  return {
    action: common("Action"),
    version: common("Version"),
    region: common("Region"),
    token: headers["x-tc-token"],
    proof: { kind: "tc3", claim },
    fields: (types) =>
      message.method === "GET" || isForm(message)
        ? fieldsOf(withoutCommon(parametersOf(message)), types)
        : parseJson(message),
  };
}

function v1Call(parameters: Parameters, claim: V1Claim): Call {
  return {
    action: parameters["Action"],
    version: parameters["Version"],
    region: parameters["Region"],
    token: parameters["Token"],
    proof: { kind: "v1", claim, parameters },
    fields: (types, signed = parameters) =>
      fieldsOf(withoutCommon(signed), types, { hasEmptyFlags: true }),
  };
}

const withoutCommon = (parameters: Parameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !COMMON_PARAMETERS.has(name)));

const parametersOf = (message: HttpMessage): Parameters => {
  const text = message.method === "GET" ? message.query : message.body.toString();
  return Object.fromEntries(new URLSearchParams(text));
};

function parseJson(message: HttpMessage): Record<string, unknown> {
  if (!isType(message, "application/json")) throw refusal("InvalidParameter.BodyParamsError");
  const fields = parse(message.body.toString());
  if (isRecord(fields)) return fields;
  throw refusal("InvalidParameter.BodyParamsError");
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isForm = (message: Pick<HttpMessage, "headers">): boolean =>
  isType(message, "application/x-www-form-urlencoded");

const isType = ({ headers }: Pick<HttpMessage, "headers">, type: string): boolean =>
  headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() === type;
