/**
 * The schemas that a function checks against. Their generated code is a fifth of a bundle, so a
 * function carries no others.
 */
import { LIST_SCHEMAS } from "../../shared/config/configuration.js";
import { isFunctionName, variablesRead } from "../../shared/config/function-variables.js";
import { REQUEST_SCHEMAS } from "../../shared/contract/check.js";
import { OPERATOR_REQUEST_SCHEMAS } from "../../shared/contract/operator-check.js";
import type { Action } from "../../shared/contract/schemas.js";

/** Functions whose requests are of these actions only. Any other function may check every action. */
const ACTIONS_OF: Readonly<Record<string, readonly Action[]>> = {
  "start-ingest": ["StartStreamIngest"],
  "stop-ingest": ["StopStreamIngest"],
  "update-ingest": ["UpdateStreamIngest"],
  "describe-ingest": ["DescribeStreamIngest", "DescribeIngestTimeline"],
  "list-ingests": ["ListStreamIngests"],
  // The start of an occurrence.
  "plan-schedules": ["StartStreamIngest"],
  "advance-ingests": [],
  "expire-ingests": [],
  "reconcile-ingests": [],
  "deliver-notifications": [],
  "room-callback": [],
  health: [],
};

/** The names of schemas, sorted. */
export function checksOf(functionName: string): string[] {
  const actions = ACTIONS_OF[functionName];
  const requests = [...REQUEST_SCHEMAS.keys()].filter(
    (name) => actions === undefined || actions.some((action) => name.startsWith(`${action} `)),
  );
  const variables = isFunctionName(functionName) ? variablesRead(functionName) : undefined;
  const lists = Object.keys(LIST_SCHEMAS).filter(
    (name) => variables === undefined || [...variables].some((variable) => variable === name),
  );
  const operators = functionName === "console" ? OPERATOR_REQUEST_SCHEMAS.keys() : [];
  return [...requests, ...operators, ...lists].sort();
}
