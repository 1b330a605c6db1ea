/** Tencent's envelope, in the integrated answer that every platform accepts. */
import type { ApiError } from "../contract/errors.js";

export interface HttpAnswer {
  /** Bytes that are no text, as base64. */
  isBase64Encoded: boolean;
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** Tencent's Python SDK reads an `Error` only with exactly this type, so it has no charset. */
const JSON_TYPE = "application/json";

const HEADERS = {
  "content-type": JSON_TYPE,
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

export const jsonAnswer = (
  statusCode: number,
  body: object,
  headers: Record<string, string> = {},
): HttpAnswer => ({
  isBase64Encoded: false,
  statusCode,
  headers: { ...HEADERS, ...headers },
  body: JSON.stringify(body),
});

export const textAnswer = ({
  status,
  body,
  contentType,
}: {
  status: number;
  body: string;
  contentType: string;
}): HttpAnswer => ({
  isBase64Encoded: false,
  statusCode: status,
  headers: { ...HEADERS, "content-type": contentType },
  body,
});

export const answerWith = (answer: object, requestId: string): HttpAnswer =>
  jsonAnswer(200, { Response: { ...answer, RequestId: requestId } });

/**
 * Callers that sign get 200 and no header of another status. Their SDKs drop the body of any other
 * status.
 */
export function refuseWith(
  error: ApiError,
  { requestId, isSigned }: { requestId: string; isSigned: boolean },
): HttpAnswer {
  const Response = { Error: { Code: error.code, Message: error.message }, RequestId: requestId };
  if (isSigned) return jsonAnswer(200, { Response });
  return jsonAnswer(error.status, { Response }, hints(error));
}

function hints({ status, retry }: ApiError): Record<string, string> {
  if (status === 401) return { "www-authenticate": "Bearer" };
  if (status === 405) return { allow: "GET, POST" };
  return retry && status !== 409 ? { "retry-after": "1" } : {};
}
