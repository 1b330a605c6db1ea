/**
 * Guesses whether the caller signs, before anything is parsed or verified. A wrong guess only
 * changes the HTTP status of a refusal. It never grants access.
 */
import type { Json } from "../json.js";
import { isTc3 } from "./authenticate.js";
import { FORM, headersOf, mediaType } from "./http-event.js";

export function looksSigned(event: unknown): boolean {
  const headers = headersOf(event);
  if (isTc3(headers)) return true;
  const { rawQueryString, queryString, queryStringParameters, body, isBase64Encoded } = (event ??
    {}) as Json;
  const query = queryString ?? queryStringParameters;
  if (typeof query === "object" && query !== null && "Signature" in query) return true;
  if (hasSignature(rawQueryString)) return true;
  if (typeof body !== "string" || mediaType(headers) !== FORM) return false;
  return hasSignature(isBase64Encoded === true ? Buffer.from(body, "base64").toString() : body);
}

const hasSignature = (form: unknown): boolean =>
  typeof form === "string" && /(?:^|&)Signature=/.test(form);
