/**
 * The function kind of the console. It chooses among kinds by the path: files of the page, actions
 * for callers, and actions for operators. Each answer gets the page's headers.
 */
import type { UseCases } from "../../ingest/use-cases.js";
import type { Services } from "../../ingest/services.js";
import type { OperatorUseCases } from "../../operator/use-cases.js";
import type { FunctionHandler } from "../define-function.js";
import type { HttpAnswer } from "../envelope.js";
import { httpFunction } from "../http.js";
import { headersOf, pathOfEvent } from "../http-event.js";
import { type OperatorPath, operatorFunction } from "../operator.js";
import { callerCosts } from "./caller-costs.js";
import { operatorActions } from "./operator-actions.js";
import { openPage } from "./page.js";
import { SECURITY_HEADERS } from "./security-headers.js";
import { zipped } from "./zipped.js";

export interface ConsoleParts {
  /** The actions at `./api`, for callers. */
  api: UseCases;
  /** The actions at `./operator`, for operators. `./costs` has one of them for callers. */
  operator: OperatorUseCases;
  /** `./health`, for operators. */
  health: OperatorPath;
}

export const consoleFunction = (functionName: string, { api, operator, health }: ConsoleParts) => {
  const kinds = Object.entries({
    api: httpFunction(functionName, api),
    costs: callerCosts(functionName, operator),
    operator: operatorActions(functionName, operator),
    health: operatorFunction(functionName, { "/health": health }),
  });
  const openPages = openPage(functionName);
  return (open: () => Promise<Services>): FunctionHandler<HttpAnswer> => {
    const handlers = new Map(kinds.map(([name, makeHandler]) => [name, makeHandler(open)]));
    const page = openPages(open);
    return async (event, context) => {
      const handler = handlers.get(lastOf(pathOfEvent(event))) ?? page;
      const answer = await zipped(await handler(event, context), headersOf(event));
      return { ...answer, headers: { ...answer.headers, ...SECURITY_HEADERS } };
    };
  };
};

/** A gateway may put its stage and the function's name before the path. */
const lastOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
