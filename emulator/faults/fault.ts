/**
 * Faults on demand, as JSON. A fault names its calls (or callbacks), how many of them it hits, and
 * what happens to them.
 */
import { type TSchema, Type } from "@sinclair/typebox";
import { ApiError } from "../../shared/contract/errors.js";
import { type Check, makeCheck } from "../../shared/contract/check.js";
import { EVENT_TYPES, type EventType } from "../callbacks/bodies.js";
import { isTrtcAction, TRTC_ACTIONS, type TrtcAction } from "../api/schemas.js";

/**
 * How many it hits: the next `times`, or a `share` of them (0 to 1), or both. Without these it hits
 * all. A `seed` chooses the share.
 */
interface Reach {
  times?: number;
  share?: number;
  seed?: number;
}

export type CallFault = { action: TrtcAction | "*" } & Reach &
  (
    | { kind: "error"; code: string; acts?: boolean }
    | { kind: "throttle" | "lose-request" | "lose-answer" | "reset" }
    | { kind: "delay"; ms: number; when?: "before" | "after" }
    | { kind: "http-502" | "garbage" | "hang"; acts?: boolean }
  );

export type CallbackFault = { event: EventType | "*" } & Reach &
  (
    | { kind: "drop" | "reorder" }
    | { kind: "repeat"; copies?: number }
    | { kind: "delay"; ms: number }
  );

export type Fault = CallFault | CallbackFault;

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const oneOf = (...choices: (string | number)[]) => Type.Unsafe<string | number>({ enum: choices });

const ms = Type.Integer({ minimum: 0, maximum: 3_600_000 });
const acts = optional(Type.Boolean());
const code = Type.String({ pattern: "^[A-Z][A-Za-z]*(\\.[A-Z][A-Za-z]*)*$", maxLength: 128 });

const reach = {
  times: optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  share: optional(Type.Number({ minimum: 0, maximum: 1 })),
  seed: optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
};

const check = (fields: Record<string, TSchema>): Check<Fault> =>
  makeCheck<Fault>(Type.Object(fields, { additionalProperties: false }));

const checksOf = (target: Record<string, TSchema>, kinds: Record<string, object>) =>
  Object.fromEntries(
    Object.entries(kinds).map(([kind, fields]) => [
      kind,
      check({ ...target, kind: oneOf(kind), ...fields, ...reach }),
    ]),
  );

const CALL_CHECKS = checksOf(
  { action: Type.String() },
  {
    error: { code, acts },
    throttle: {},
    "lose-request": {},
    "lose-answer": {},
    reset: {},
    delay: { ms, when: optional(oneOf("before", "after")) },
    "http-502": { acts },
    garbage: { acts },
    hang: { acts },
  },
);

const CALLBACK_CHECKS = checksOf(
  { event: oneOf("*", ...EVENT_TYPES) },
  {
    drop: {},
    reorder: {},
    repeat: { copies: optional(Type.Integer({ minimum: 1, maximum: 100 })) },
    delay: { ms },
  },
);

/** One fault or a list of them. Throws an ApiError that names the first wrong one. */
export function readFaults(value: unknown): Fault[] {
  if (!Array.isArray(value)) return [readFault(value)];
  return value.map((fault, index) => {
    try {
      return readFault(fault);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ApiError(error.code, `Fault ${index + 1}: ${error.message}`);
    }
  });
}

function readFault(value: unknown): Fault {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong('A fault is an object: send {"action": …, "kind": …} or {"event": …, "kind": …}.');
  }
  const { action, event, kind } = value as Record<string, unknown>;
  if ((action === undefined) === (event === undefined)) {
    throw wrong("A fault is for an action or for an event: name one of them.");
  }
  const checks = action === undefined ? CALLBACK_CHECKS : CALL_CHECKS;
  const checkKind = typeof kind === "string" && Object.hasOwn(checks, kind) && checks[kind];
  if (!checkKind) throw wrong(`kind is wrong: send one of ${Object.keys(checks).join(", ")}.`);
  const fault = checkKind(value);
  if ("action" in fault && fault.action !== "*" && !isTrtcAction(fault.action)) {
    throw wrong(`action is wrong: send one of *, ${TRTC_ACTIONS.join(", ")}.`);
  }
  if (fault.seed !== undefined && fault.share === undefined) {
    throw wrong("seed needs a share: send both.");
  }
  return fault;
}

const wrong = (message: string): ApiError => new ApiError("InvalidParameter", message);
