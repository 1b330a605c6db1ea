/** Checks the requests of operators, as check.ts does those of callers. */
import type { TObject } from "@sinclair/typebox";
import { type Check, makeCheck } from "./check.js";
import {
  OPERATOR_SCHEMAS,
  type OperatorAction,
  type OperatorRequests,
} from "./operator-schemas.js";

const nameOf = (action: string): string => `operator ${action}`;

/** Each schema by its name. The build uses the same names. */
export const OPERATOR_REQUEST_SCHEMAS: ReadonlyMap<string, TObject> = new Map(
  Object.entries(OPERATOR_SCHEMAS).map(([action, schema]) => [nameOf(action), schema]),
);

const checks = new Map<string, Check<unknown>>(
  [...OPERATOR_REQUEST_SCHEMAS].map(([name, schema]) => [name, makeCheck(schema, name)]),
);

/** Returns the same value with its type, or throws an ApiError. */
export const checkOperatorRequest = <A extends OperatorAction>(
  action: A,
  value: unknown,
): OperatorRequests[A] => checks.get(nameOf(action))?.(value) as OperatorRequests[A];
