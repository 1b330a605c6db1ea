/**
 * The function kind for the costs of a caller: DescribeCosts of its own ingests. The public API has no
 * costs by day, and sums over its list would miss what retention has deleted.
 */
import { keyDigest } from "../../config/callers.js";
import type { Caller } from "../../config/configuration.js";
import { ApiError } from "../../contract/errors.js";
import { checkOperatorRequest } from "../../contract/operator-check.js";
import type { Services } from "../../ingest/services.js";
import { callOperatorUseCase, type OperatorUseCases } from "../../operator/use-cases.js";
import { bearerOf } from "../authenticate.js";
import { defineFunction } from "../define-function.js";
import { answerWith, type HttpAnswer } from "../envelope.js";
import { type HttpRequest, readHttpEvent } from "../http-event.js";
import { failureOf } from "../invocation.js";
import { refusingWith } from "../operator.js";
import { fieldsOfJson } from "../read-call.js";

export const callerCosts = (functionName: string, useCases: OperatorUseCases) =>
  defineFunction<HttpAnswer>(functionName, {
    actor: "caller",
    middlewares: [refusingWith("POST")],
    async handle(event, services, { line, requestId, timeLeftMs }) {
      const request = readHttpEvent(event);
      if (request.method !== "POST") {
        throw new ApiError("UnsupportedProtocol", "Send POST: the costs take nothing else.");
      }
      const { Id } = callerOf(services, request);
      line.caller = Id;
      line.action = "DescribeCosts";
      const asked = checkOperatorRequest("DescribeCosts", fieldsOfJson(request));
      if (asked.CallerId !== undefined && asked.CallerId !== Id) {
        throw new ApiError(
          "UnauthorizedOperation",
          "A caller's key shows its own costs only: leave CallerId out.",
        );
      }
      const own = { request: { ...asked, CallerId: Id }, timeLeftMs };
      const placed = { action: "DescribeCosts" as const, call: own };
      return answerWith(await callOperatorUseCase(services, useCases, placed), requestId);
    },
    outcomeOf: (error) => failureOf(error, "info"),
  });

/** A browser sends a key and no signature. */
function callerOf({ config }: Services, request: HttpRequest): Caller {
  const caller = config.callersByKeyDigest.get(keyDigest(bearerOf(request) ?? ""));
  if (caller !== undefined) return caller;
  throw new ApiError(
    "AuthFailure.InvalidAuthorization",
    "Send a key of CALLERS in the header `Authorization: Bearer <key>`.",
  );
}
