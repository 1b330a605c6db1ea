/** Two callers, one with two keys, and a function that finds a request's caller. */
import { ApiError } from "../../../shared/contract/errors.js";
import { type Authenticated, authenticate } from "../../../shared/runtime/authenticate.js";
import type { HttpRequest } from "../../../shared/runtime/http-event.js";
import { NOW, type Signer } from "../http/http-requests.js";
import { caller, INTL_APP, withCallers } from "./settings.js";

export const KEYS = ["the-key-of-this-year", "the-key-of-last-year"] as const;
export const [KEY, OLD_KEY] = KEYS;

export const config = withCallers(
  { ...caller, Id: "AKIDbackend", SecretKeys: KEYS },
  { Id: "AKIDother", SecretKeys: ["the-key-of-another"], SdkAppIds: [INTL_APP] },
);
export const backend: Signer = { secretId: "AKIDbackend", secretKey: KEY };

export const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

export const who = (request: HttpRequest, at = NOW): Authenticated =>
  authenticate(config, request, at);

/** `AKIDbackend`, or the code of the refusal. */
export function outcome(request: HttpRequest, at = NOW): string {
  try {
    return who(request, at).caller.Id;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

export const changed = (
  request: HttpRequest,
  change: (request: HttpRequest) => object,
): HttpRequest => ({
  ...request,
  ...change(request),
});
export const withHeader = (request: HttpRequest, name: string, value: string): HttpRequest =>
  changed(request, ({ headers }) => ({ headers: { ...headers, [name]: value } }));
