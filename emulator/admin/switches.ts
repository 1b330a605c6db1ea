/**
 * Switches for behaviour that TRTC does not document. Each has a default, and a client should work
 * with every value. README.md explains each switch.
 */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { makeCheck } from "../../shared/contract/check.js";
import type { IdleMeaning } from "../tasks/task.js";

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
  },
  { additionalProperties: false },
);

export interface Switches {
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
