/**
 * What TRTC leaves undocumented, and answers that nothing here causes, as switches: each has a
 * default, and a client should hold under every value. README.md says why each exists.
 */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { ApiError } from "../../shared/errors.js";
import { makeCheck } from "../../shared/validation/check.js";
import { isTrtcAction, TRTC_ACTIONS, type TrtcAction } from "./schemas.js";

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

const flat = Type.Object(
  {
    callsPerSecond: optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    concurrency: optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    sameRobot: optional(
      Type.Unsafe<"refuse" | "interrupt">({ type: "string", enum: ["refuse", "interrupt"] }),
    ),
    removedRobotEndsTask: optional(Type.Boolean()),
    answers: optional(Type.Unknown()),
  },
  { additionalProperties: false },
);

const answer = Type.Object(
  {
    code: Type.String({ pattern: "^[A-Z][A-Za-z]*(\\.[A-Z][A-Za-z]*)*$", maxLength: 128 }),
    times: optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  },
  { additionalProperties: false },
);

/** The code that an action answers whatever is asked; so many times, or until it is switched off. */
export type Answer = Static<typeof answer>;

export interface Switches {
  callsPerSecond: number;
  /** How many tasks an account may have at once. */
  concurrency?: number;
  sameRobot: "refuse" | "interrupt";
  removedRobotEndsTask: boolean;
  answers: Partial<Record<TrtcAction, Answer>>;
}

export const DEFAULT_SWITCHES: Switches = {
  callsPerSecond: 20,
  sameRobot: "refuse",
  removedRobotEndsTask: true,
  answers: {},
};

const checkFlat = makeCheck<Static<typeof flat>>(flat);
const checkAnswer = makeCheck<Answer>(answer);

/** Switches as somebody wrote them in JSON; what is not named has its default. Throws an ApiError. */
export function readSwitches(value: unknown): Switches {
  const { answers, ...others } = checkFlat(value);
  return { ...DEFAULT_SWITCHES, ...others, answers: readAnswers(answers ?? {}) };
}

function readAnswers(value: unknown): Switches["answers"] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ApiError("InvalidParameter", 'answers is no object: send {"<action>": {"code": …}}.');
  }
  const entries = Object.entries(value).map(([action, wanted]) => {
    if (isTrtcAction(action)) return [action, checkAnswer(wanted)] as const;
    const actions = TRTC_ACTIONS.join(", ");
    throw new ApiError("InvalidParameter", `answers names no action: send one of ${actions}.`);
  });
  return Object.fromEntries(entries);
}

export interface SwitchBoard {
  read(): Switches;
  replace(switches: Switches): void;
  /** The answer that is set for the action, if there is one; counts it as given. */
  takeAnswer(action: TrtcAction): string | undefined;
}

export function makeSwitchBoard(initial: Switches): SwitchBoard {
  let switches = initial;
  return {
    read: () => switches,
    replace(others) {
      switches = others;
    },
    takeAnswer(action) {
      const { [action]: wanted, ...others } = switches.answers;
      if (!wanted) return undefined;
      const { code, times } = wanted;
      if (times === 1) switches = { ...switches, answers: others };
      else if (times !== undefined) {
        switches = { ...switches, answers: { ...others, [action]: { code, times: times - 1 } } };
      }
      return code;
    },
  };
}
