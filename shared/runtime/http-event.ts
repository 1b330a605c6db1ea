/**
 * Turns the HTTP events of every platform into one message. SCF has the function URL and the API
 * gateway. AWS Lambda has the function URL, HTTP API (v2) and REST API (v1). Headers come in any
 * case. Bodies may be in base64. Every part except the method may be missing.
 */
import { isIP } from "node:net";
import { parse } from "node:querystring";
import { ApiError } from "../contract/errors.js";
import { isObject, type Json } from "../json.js";
import { queryOf } from "../signing/tencent/query-spellings.js";
import type { HttpMessage } from "../signing/tencent/signed-request.js";

export interface HttpRequest extends HttpMessage {
  /** The decoded query. The last value counts when a name appears twice. */
  parameters: Readonly<Record<string, string>>;
}

/** Bytes. Tencent allows 10 MB. The longest call of this contract has 10 kB. */
export const BODY_MAX_BYTES = 1024 * 1024;

/** Characters, as at Tencent. We hash the whole query once for each possible encoding. */
const QUERY_MAX_CHARS = 32 * 1024;

export function readHttpEvent(event: unknown): HttpRequest {
  if (!isObject(event)) throw new ApiError("InvalidRequest");
  const context = isObject(event["requestContext"]) ? event["requestContext"] : {};
  const http = isObject(context["http"]) ? context["http"] : {};
  const method = event["httpMethod"] ?? http["method"];
  if (typeof method !== "string") throw new ApiError("InvalidRequest");
  const query = readQuery(event);
  if (query.length > QUERY_MAX_CHARS) {
    throw new ApiError(
      "RequestSizeLimitExceeded",
      "The query is over 32 KB: send the fields as JSON by POST.",
    );
  }
  return {
    method: method.toUpperCase(),
    path: pathOfEvent(event),
    query,
    headers: readHeaders(event["headers"]),
    body: readBody(event),
    parameters: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Accepts any value, as a function does before it knows what it serves. */
export const pathOfEvent = (event: unknown): string =>
  isObject(event) ? (textOf(event["rawPath"]) ?? textOf(event["path"]) ?? "/") : "/";

/** A list of 100 items with all their fields, and the other fields beside it. */
const NAMES_MAX = 1000;

export const FORM = "application/x-www-form-urlencoded";

/** The media type without its parameters, in lower case. */
export const mediaType = (headers: HttpRequest["headers"]): string =>
  (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

/** The decoded names and values of a GET's query or of a form. Empty for other bodies. */
export function formOf(request: HttpRequest): Readonly<Record<string, string>> {
  const known = forms.get(request);
  if (known) return known;
  const form = readForm(request);
  forms.set(request, form);
  return form;
}

/** Three steps read a request's form, which may have a megabyte. So we parse it only once. */
const forms = new WeakMap<HttpRequest, Readonly<Record<string, string>>>();

function readForm({ method, headers, body, parameters }: HttpRequest) {
  if (method === "GET") return parameters;
  if (mediaType(headers) !== FORM) return {};
  const form = parse(body.toString("utf8"), "&", "=", { maxKeys: NAMES_MAX });
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => [
      name,
      String(Array.isArray(value) ? value.at(-1) : value),
    ]),
  );
}

/**
 * The address that the platform saw, for history. A header such as X-Forwarded-For is the sender's
 * own word, so it does not count.
 */
export function sourceAddress(event: unknown): string | undefined {
  const context = partOf(event, "requestContext");
  const places = [partOf(context, "http"), partOf(context, "identity"), context];
  return places
    .map((place) => textOf(place["sourceIp"]))
    .find((address) => address !== undefined && isIP(address) !== 0);
}

const partOf = (value: unknown, name: string): Json =>
  isObject(value) && isObject(value[name]) ? value[name] : {};

/** Accepts any value. A value that is not an object has no headers. */
export const headersOf = (event: unknown): Record<string, string> =>
  isObject(event) ? readHeaders(event["headers"]) : {};

function readHeaders(headers: unknown): Record<string, string> {
  if (!isObject(headers)) return {};
  const entries = Object.entries(headers).flatMap(([name, value]) => {
    const text = Array.isArray(value)
      ? value.flatMap((item) => textOf(item) ?? []).join(",")
      : textOf(value);
    return text === undefined ? [] : [[name.toLowerCase(), withoutBlanks(text)] as const];
  });
  return Object.fromEntries(entries);
}

/** HTTP does not count space around a value as part of it (RFC 9110, section 5.5). */
function withoutBlanks(value: string): string {
  const isBlank = (at: number) => value[at] === " " || value[at] === "\t";
  let [start, end] = [0, value.length];
  while (start < end && isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return value.slice(start, end);
}

/**
 * The query as the client sent it, when the platform gives it: AWS v2 and the local gateway do.
 * Other platforms give decoded values, as `queryString` (SCF) or `queryStringParameters` (AWS). API
 * gateway gives lists, and `true` for a name without a value.
 */
function readQuery(event: Json): string {
  const raw = textOf(event["rawQueryString"]);
  if (raw !== undefined) return raw;
  const query = event["queryString"] ?? event["queryStringParameters"];
  if (!isObject(query)) return "";
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap((one) => {
      const text = one === true ? "" : textOf(one);
      return text === undefined ? [] : [[name, text] as const];
    });
  });
  return queryOf(pairs);
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

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
