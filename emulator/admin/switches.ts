/**
 * Switches for behaviour that TRTC does not document. Each has a default, and a client should work
 * with every value. README.md explains each switch.
 */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { makeCheck } from "../../shared/contract/check.js";
import type { IdleMeaning } from "../tasks/task.js";
import { DEFAULT_UPDATE_RULES, type UpdateRules } from "../tasks/update-rules.js";

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const oneOf = <T extends string | number>(...choices: T[]) =>
  optional(Type.Unsafe<T>({ enum: choices }));

const schema = Type.Object(
  {
    callsPerSecond: optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    concurrency: optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    taskExistKey: oneOf("robot", "room-and-robot", "never"),
    sameRobot: oneOf("refuse", "interrupt"),
    removedRobotEndsTask: optional(Type.Boolean()),
    taskSeenFrom: oneOf("every-region", "own-region"),
    naturalEndSends702: optional(Type.Boolean()),
    retrySends702: optional(Type.Boolean()),
    ingestEventGroup: oneOf(7, 4),
    idleMeans: oneOf<IdleMeaning>("source-stalled", "paused", "never"),
    updateRounds: oneOf("all", "remaining", "one"),
    updatePosition: oneOf("restart", "keep"),
    updateResolution: oneOf("accepted", "source-fails", "refused"),
    updateSends701: optional(Type.Boolean()),
    updateMovesRobot: optional(Type.Boolean()),
    updateAfterEnd: oneOf("gone", "status"),
    updateDelayMs: optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    sameUrlRestarts: optional(Type.Boolean()),
    endGraceSeconds: optional(Type.Integer({ minimum: 0, maximum: 60 })),
  },
  { additionalProperties: false },
);

export interface Switches extends UpdateRules {
  callsPerSecond: number;
  /** How many tasks an account may run at once. */
  concurrency?: number;
  /** Which earlier task a start conflicts with. */
  taskExistKey: "robot" | "room-and-robot" | "never";
  /** What a start does when it conflicts with an earlier task. */
  sameRobot: "refuse" | "interrupt";
  removedRobotEndsTask: boolean;
  taskSeenFrom: "every-region" | "own-region";
  naturalEndSends702: boolean;
  /** Whether 702 is also sent for a task that continues. */
  retrySends702: boolean;
  ingestEventGroup: 7 | 4;
  idleMeans: IdleMeaning;
  /** Whether the robot leaves the room and enters again when its source changes. */
  updateMovesRobot: boolean;
  /** What an update of a task that has ended gets: an error, or an answer with a status. */
  updateAfterEnd: "gone" | "status";
  /** How long a task waits for an update after its last round, before it ends. */
  endGraceSeconds: number;
}

export const DEFAULT_SWITCHES: Switches = {
  callsPerSecond: 20,
  taskExistKey: "robot",
  sameRobot: "refuse",
  removedRobotEndsTask: true,
  taskSeenFrom: "every-region",
  naturalEndSends702: true,
  retrySends702: false,
  ingestEventGroup: 7,
  idleMeans: "source-stalled",
  ...DEFAULT_UPDATE_RULES,
  updateMovesRobot: false,
  updateAfterEnd: "gone",
  endGraceSeconds: 0,
};

const check = makeCheck<Static<typeof schema>>(schema);

/** Reads switches from JSON. Missing switches keep their default. Throws an ApiError. */
export const readSwitches = (value: unknown): Switches => ({
  ...DEFAULT_SWITCHES,
  ...check(value),
});

export interface SwitchBoard {
  read(): Switches;
  replace(switches: Switches): void;
}

export function makeSwitchBoard(initial: Switches): SwitchBoard {
  let switches = initial;
  return {
    read: () => switches,
    replace(others) {
      switches = others;
    },
  };
}
