/**
 * The function kind for operators: paths to GET, some with a key. Load balancers and scrapers ask
 * them, so the answers have no envelope.
 */
import { keyDigest } from "../config/callers.js";
import { ApiError, asApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { bearerOf } from "./authenticate.js";
import { defineFunction, type Middleware } from "./define-function.js";
import { type HttpAnswer, jsonAnswer, refuseWith, textAnswer } from "./envelope.js";
import { type HttpRequest, readHttpEvent } from "./http-event.js";
import { failureOf } from "./invocation.js";

export interface OperatorPath {
  /** Without a key. Such an answer tells a stranger nothing but its status. */
  isOpen: boolean;
  answer: (services: Services, request: HttpRequest) => Promise<OperatorAnswer>;
}

/** JSON, or a text of this type. */
export type OperatorAnswer =
  { status: number; body: object } | { status: number; body: string; contentType: string };

export const operatorFunction = (
  functionName: string,
  paths: Readonly<Record<string, OperatorPath>>,
) =>
  defineFunction<HttpAnswer>(functionName, {
    actor: "operator",
    middlewares: [refusingWith("GET, HEAD")],
    async handle(event, services, { line }) {
      const request = readHttpEvent(event);
      const path = pathOf(request, paths);
      line.action = path;
      const { isOpen, answer } = paths[path] as OperatorPath;
      if (!isOpen) line.caller = operatorNameOf(services, request);
      const answered = await answer(services, request);
      if ("contentType" in answered) return textAnswer(answered);
      return jsonAnswer(answered.status, answered.body);
    },
    // Load balancers ask every few seconds.
    isNews: ({ statusCode }) => statusCode !== 200,
    outcomeOf: (error) => failureOf(error, "info"),
  });

/** A gateway may put its stage and the function's name before the path. */
function pathOf({ method, path }: HttpRequest, paths: Readonly<Record<string, unknown>>): string {
  const last = `/${path.split("/").findLast((part) => part !== "") ?? ""}`;
  if (!Object.hasOwn(paths, last)) {
    const there = Object.keys(paths).join(", ");
    throw new ApiError("ResourceNotFound", `There is nothing at this path: send GET to ${there}.`);
  }
  if (method === "GET" || method === "HEAD") return last;
  throw new ApiError("UnsupportedProtocol", `Send GET to ${last}: it takes no ${method}.`);
}

/** The name of the operator whose key the request carries. */
export function operatorNameOf({ config }: Services, request: HttpRequest): string {
  const operator = config.operatorsByKeyDigest.get(keyDigest(bearerOf(request) ?? ""));
  if (operator !== undefined) return operator;
  throw new ApiError(
    "AuthFailure.InvalidAuthorization",
    "Send a key of OPERATOR_KEYS in the header `Authorization: Bearer <key>`.",
  );
}

/** `allow`: the methods of these paths. */
export const refusingWith = (allow: string): Middleware<HttpAnswer> => ({
  onError: (request) => {
    const { requestId } = request.context;
    const refusal = refuseWith(asApiError(request.error), { requestId, isSigned: false });
    if (refusal.statusCode === 405) refusal.headers["allow"] = allow;
    request.response = refusal;
  },
});
