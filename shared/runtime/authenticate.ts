/**
 * Authenticates the caller by Tencent's TC3 signature or its older v1 signature. Plain HTTP clients
 * send `Authorization: Bearer <key>` instead.
 */
import { createHash } from "node:crypto";
import { ApiError } from "../contract/errors.js";
import { readTc3, verifyTc3 } from "../signing/tencent/tc3.js";
import { readV1, verifyV1 } from "../signing/tencent/v1.js";
import type { Caller, Config } from "../config/configuration.js";
import { keyDigest } from "../config/callers.js";
import { formOf, type HttpRequest } from "./http-event.js";

export interface Authenticated {
  caller: Caller;
  /** Names the signed request. Absent with Bearer: two equal requests are then two requests. */
  signature?: string;
  /** For TC3: the second of the signature, and the X-TC-TraceId of the request. */
  signing?: { second?: number | undefined; traceId?: string | undefined };
  /** For v1: the parameters that the signature covers, decoded. */
  form?: Readonly<Record<string, string>>;
}

/**
 * Tencent's SDKs read an error only from an answer with status 200. Plain clients need the status.
 */
export const isSigned = (request: HttpRequest): boolean =>
  isTc3(request.headers) || "Signature" in formOf(request);

export const isTc3 = (headers: HttpRequest["headers"]): boolean =>
  /^\s*TC3-/i.test(headers["authorization"] ?? "");

export function authenticate(config: Config, request: HttpRequest, now: Date): Authenticated {
  const bearer = bearerOf(request);
  if (bearer !== undefined) return byKey(config, bearer);
  return byTc3(config, request, now) ?? byV1(config, request, now) ?? refuseUnsigned(request);
}

/** The key of a plain HTTP client. */
export const bearerOf = ({ headers }: HttpRequest): string | undefined =>
  /^Bearer[ \t]+(\S{1,256})$/i.exec((headers["authorization"] ?? "").trim())?.[1];

function byKey(config: Config, key: string): Authenticated {
  const caller = config.callersByKeyDigest.get(keyDigest(key));
  if (caller) return { caller };
  throw new ApiError("AuthFailure.SecretIdNotFound");
}

function byTc3(config: Config, request: HttpRequest, now: Date): Authenticated | undefined {
  const read = readTc3(request);
  if (!read) return undefined;
  if (!read.ok) throw new ApiError("AuthFailure.InvalidAuthorization");
  const caller = callerOf(config, read.claim.secretId);
  const verdict = verifyTc3(request, read.claim, { secretKeys: caller.SecretKeys }, now);
  if (verdict.ok) {
    const { signature, timestamp } = read.claim;
    // A signature without the body proves less. So its repeats never take effect again.
    const second = isBodyUnsigned(request) ? undefined : timestamp;
    const traceId = traceIdOf(request.headers);
    return { caller, signature: nameOf(request, signature), signing: { second, traceId } };
  }
  throw refusalOf(verdict.reason);
}

/** The database stores the id with the signature. An id that no SDK would send is ignored. */
export function traceIdOf(headers: HttpRequest["headers"]): string | undefined {
  const traceId = headers["x-tc-traceid"] ?? "";
  return /^[\w-]{1,128}$/.test(traceId) ? traceId : undefined;
}

/**
 * A signature without the body is equal for all requests of its second. So the name of the request
 * also includes a hash of its body.
 */
function nameOf(request: HttpRequest, signature: string): string {
  if (!isBodyUnsigned(request)) return signature;
  return `${signature} ${createHash("sha256").update(request.body).digest("base64url")}`;
}

const isBodyUnsigned = ({ headers }: HttpRequest): boolean =>
  headers["x-tc-content-sha256"] === "UNSIGNED-PAYLOAD";

function byV1(config: Config, request: HttpRequest, now: Date): Authenticated | undefined {
  const { method, path, headers } = request;
  const parameters = formOf(request);
  const read = readV1(parameters);
  if (!read) return undefined;
  if (!read.ok) throw new ApiError("AuthFailure.InvalidAuthorization");
  const caller = callerOf(config, read.claim.secretId);
  const signed = { method, host: headers["host"] ?? "", path, parameters };
  const verdict = verifyV1(signed, read.claim, { secretKeys: caller.SecretKeys }, now);
  if (!verdict.ok) throw refusalOf(verdict.reason);
  return { caller, signature: read.claim.signature, form: verdict.signed };
}

function callerOf(config: Config, secretId: string): Caller {
  const caller = config.callers.get(secretId);
  if (caller) return caller;
  throw new ApiError("AuthFailure.SecretIdNotFound");
}

function refusalOf(reason: "malformed" | "expired" | "wrong-service" | "forged"): ApiError {
  switch (reason) {
    case "expired":
      return new ApiError("AuthFailure.SignatureExpire");
    case "malformed":
      return new ApiError("AuthFailure.InvalidAuthorization");
    case "wrong-service":
      return new ApiError("NoSuchProduct");
    case "forged":
      return new ApiError("AuthFailure.SignatureFailure");
  }
}

function refuseUnsigned({ headers }: HttpRequest): never {
  const message =
    (headers["authorization"] ?? "") === ""
      ? "The request is not signed: sign it with TC3-HMAC-SHA256, as Tencent's SDKs do, or send the header `Authorization: Bearer <key>`."
      : undefined;
  throw new ApiError("AuthFailure.InvalidAuthorization", message);
}
