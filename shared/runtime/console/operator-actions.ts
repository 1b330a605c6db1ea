/**
 * The function kind for actions of operators. The key names the operator, whom history names in
 * each change.
 */
import { ApiError } from "../../contract/errors.js";
import { checkOperatorRequest } from "../../contract/operator-check.js";
import {
  isOperatorAction,
  OPERATOR_SCHEMAS,
  type OperatorAction,
} from "../../contract/operator-schemas.js";
import { isTaskId } from "../../contract/task-id.js";
import { actingAs } from "../../ingest/services.js";
import { callOperatorUseCase, type OperatorUseCases } from "../../operator/use-cases.js";
import { defineFunction } from "../define-function.js";
import { answerWith, type HttpAnswer } from "../envelope.js";
import { type HttpRequest, readHttpEvent } from "../http-event.js";
import { failureOf } from "../invocation.js";
import { operatorNameOf, refusingWith } from "../operator.js";
import { fieldsOfJson } from "../read-call.js";

export const operatorActions = (functionName: string, useCases: OperatorUseCases) =>
  defineFunction<HttpAnswer>(functionName, {
    actor: "operator",
    middlewares: [refusingWith("POST")],
    async handle(event, services, { line, requestId, timeLeftMs }) {
      const request = readHttpEvent(event);
      if (request.method !== "POST") {
        throw new ApiError("UnsupportedProtocol", "Send POST: an action takes nothing else.");
      }
      const id = operatorNameOf(services, request);
      line.caller = id;
      const action = actionOf(request);
      line.action = action;
      const fields = checkOperatorRequest(action, fieldsOfJson(request));
      if ("TaskId" in fields && isTaskId(fields.TaskId)) line.ingest = fields.TaskId;
      const named = actingAs(services, { id });
      const call = { request: fields, timeLeftMs };
      const answer = await callOperatorUseCase(named, useCases, { action, call });
      return answerWith(answer, requestId);
    },
    outcomeOf: (error) => failureOf(error, "info"),
  });

function actionOf({ headers }: HttpRequest): OperatorAction {
  const action = headers["x-tc-action"];
  if (action !== undefined && isOperatorAction(action)) return action;
  const actions = Object.keys(OPERATOR_SCHEMAS).join(", ");
  throw new ApiError("InvalidAction", `Send one of ${actions} as X-TC-Action.`);
}
