/**
 * The HTTP events of every platform, made one message: SCF function URL and API gateway, AWS
 * Lambda function URL and HTTP API (v2), and REST API (v1). Headers come in any case, bodies in
 * base64 or not, and every part but the method may be missing.
 */
import { stringify } from "node:querystring";
import { ApiError } from "../errors.js";
import type { HttpMessage } from "../signing/signed-request.js";

export interface HttpRequest extends HttpMessage {
  /** The query, decoded; of a name that stands twice, the last. */
  parameters: Readonly<Record<string, string>>;
}

/** Tencent takes 10 MB; the longest call of this contract has 10 kB. */
export const BODY_MAX_BYTES = 1024 * 1024;

type Json = Readonly<Record<string, unknown>>;

export function readHttpEvent(event: unknown): HttpRequest {
  if (!isObject(event)) throw new ApiError("InvalidRequest");
  const context = isObject(event["requestContext"]) ? event["requestContext"] : {};
  const http = isObject(context["http"]) ? context["http"] : {};
  const method = event["httpMethod"] ?? http["method"];
  if (typeof method !== "string") throw new ApiError("InvalidRequest");
  const parameters = readQuery(event);
  const raw = event["rawQueryString"];
  return {
    method: method.toUpperCase(),
    path: textOf(event["rawPath"]) ?? textOf(event["path"]) ?? "/",
    query: textOf(raw) ?? queryOf(parameters),
    headers: readHeaders(event["headers"]),
    body: readBody(event),
    parameters,
  };
}

/** Of anything at all: what is no event has no headers. */
export const headersOf = (event: unknown): Record<string, string> =>
  isObject(event) ? readHeaders(event["headers"]) : {};

function readHeaders(headers: unknown): Record<string, string> {
  if (!isObject(headers)) return {};
  const entries = Object.entries(headers).flatMap(([name, value]) => {
    const text = Array.isArray(value)
      ? value.flatMap((each) => textOf(each) ?? []).join(",")
      : textOf(value);
    return text === undefined ? [] : [[name.toLowerCase(), text] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Only AWS v2 hands the query over as it was sent. Of the others it is written as the Node.js SDKs
 * write and sign it: by Node's own stringify, and then as part of a URL, which escapes one more.
 */
const queryOf = (parameters: Readonly<Record<string, string>>): string =>
  stringify(parameters).replaceAll("'", "%27");

/** SCF calls it `queryString`, AWS `queryStringParameters`; API gateway gives lists and `true`. */
function readQuery(event: Json): Record<string, string> {
  const raw = textOf(event["rawQueryString"]);
  if (raw !== undefined) return Object.fromEntries(new URLSearchParams(raw));
  const query = event["queryString"] ?? event["queryStringParameters"];
  if (!isObject(query)) return {};
  const entries = Object.entries(query).flatMap(([name, value]) => {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    const text = last === true ? "" : textOf(last);
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(entries);
}

function readBody(event: Json): Buffer {
  const body = event["body"];
  if (body === undefined || body === null || body === "") return Buffer.alloc(0);
  if (typeof body !== "string") throw new ApiError("InvalidRequest");
  const encoding = event["isBase64Encoded"] === true ? "base64" : "utf8";
  if (Buffer.byteLength(body, encoding) > BODY_MAX_BYTES) {
    throw new ApiError("RequestSizeLimitExceeded");
  }
  return Buffer.from(body, encoding);
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
