/** Draws what callers, clocks and dying instances do to schedules, one thing after the other. */
import fc from "../../support/properties.js";

/** What a caller can change of a schedule. Days and hours count from the present. */
export interface Changes {
  windows?: readonly object[];
  zone?: string;
  excluded?: readonly number[];
  startsInHours?: number;
  endsInHours?: number;
  state?: "Enabled" | "Paused";
  policy?: "Skip" | "Extend";
  catchupSeconds?: number;
  jitterSeconds?: number;
  comment?: string;
}

/** `nth` counts the schedules of the case, again from the first after the last. */
export type Request =
  | { do: "update"; nth: number; changes: Changes }
  | { do: "delete"; nth: number; stopRunning: boolean }
  | { do: "skip"; nth: number; ahead: number }
  | { do: "run"; nth: number; seconds: number };

export const TIMERS = ["plan", "advance", "expire", "reconcile"] as const;
export type Timer = (typeof TIMERS)[number];
export type Work = Request | { do: "timer"; timer: Timer };

export type Command =
  | Work
  | { do: "create"; changes: Changes }
  /** The wall clock is set, forward or a little back. No timer runs meanwhile. */
  | { do: "jump"; seconds: number }
  /** It is set to a second before the next thing that falls due. */
  | { do: "near" }
  /** All timers run. */
  | { do: "pass"; minutes: number }
  /** The instance is gone after so many statements and calls. */
  | { do: "die"; after: number; work: Work }
  /** Two instances whose statements take turns. */
  | { do: "together"; turns: readonly boolean[]; works: readonly [Work, Work] };

/** The clocks change a day later in the first zone. */
const CHANGES: readonly (readonly [zone: string, startsAt: string])[] = [
  ["Europe/Berlin", "2026-03-28T06:00:00Z"],
  ["Europe/Berlin", "2026-10-24T04:00:00Z"],
  ["America/New_York", "2026-03-07T12:00:00Z"],
  ["America/New_York", "2026-10-31T11:00:00Z"],
  ["Australia/Lord_Howe", "2026-04-03T20:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-02T20:00:00Z"],
  ["Asia/Shanghai", "2026-03-28T06:00:00Z"],
];

const zone = fc.constantFrom(...new Set(CHANGES.map(([name]) => name)));
const minute = fc.constantFrom(0, 0, 15, 30, 30, 45, 59);
const hour = fc.constantFrom("*", "*/4", "*/4", "*/6", "0", "1", "2", "2", "3", "9,15,21", "23");
const days = fc.constantFrom("* * *", "* * *", "* * *", "* * SAT,SUN", "* * 1-5");
const end = fc.oneof(
  fc.record({ DurationSeconds: fc.constantFrom(600, 1800, 9000, 16_000) }),
  fc.record({ EndAt: fc.constantFrom("02:00", "02:45", "03:30", "11:00", "23:30") }),
);
const window = fc
  .tuple(minute, hour, days, end)
  .map(([at, hours, rest, ends]) => ({ Recurrence: `${at} ${hours} ${rest}`, ...ends }));

const windows = fc.array(window, { minLength: 1, maxLength: 2 });
const policy = fc.constantFrom("Skip" as const, "Extend" as const);
const catchupSeconds = fc.constantFrom(0, 60, 1200);
const jitterSeconds = fc.constantFrom(0, 0, 40);
const state = fc.constantFrom("Enabled" as const, "Paused" as const);
const excluded = fc.array(fc.nat({ max: 3 }), { maxLength: 2 });

const changes: fc.Arbitrary<Changes> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ windows }) },
  { weight: 4, arbitrary: fc.record({ state }) },
  { weight: 2, arbitrary: fc.record({ zone }) },
  { weight: 2, arbitrary: fc.record({ excluded }) },
  { weight: 1, arbitrary: fc.record({ startsInHours: fc.integer({ min: -20, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ endsInHours: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ policy, catchupSeconds, jitterSeconds }) },
  {
    weight: 1,
    arbitrary: fc.record({ comment: fc.string({ maxLength: 3, unit: "grapheme-ascii" }) }),
  },
);

const nth = fc.nat({ max: 2 });

const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("update" as const), nth, changes }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("delete" as const), nth, stopRunning: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("skip" as const), nth, ahead: fc.nat({ max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("run" as const),
      nth,
      seconds: fc.constantFrom(60, 900, 7200),
    }),
  },
);

const timer: fc.Arbitrary<Work> = fc.record({
  do: fc.constant("timer" as const),
  timer: fc.constantFrom("plan", "plan", ...TIMERS),
});
const work = fc.oneof({ weight: 2, arbitrary: request }, { weight: 1, arbitrary: timer });

const secondsForward = fc.oneof(
  fc.integer({ min: 1, max: 900 }),
  fc.integer({ min: 900, max: 40_000 }),
  fc.integer({ min: 40_000, max: 200_000 }),
);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: work },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("create" as const), changes: created() }) },
  { weight: 4, arbitrary: fc.constant({ do: "near" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("jump" as const), seconds: secondsForward }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("jump" as const),
      seconds: fc.integer({ min: -5, max: -1 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      minutes: fc.integer({ min: 1, max: 300 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("die" as const),
      after: fc.nat({ max: 12 }),
      work,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("together" as const),
      turns: fc.array(fc.boolean(), { minLength: 8, maxLength: 24 }),
      works: fc
        .tuple(work, fc.oneof(work, timer))
        .filter((works) => !works.every((one) => one.do === "run")),
    }),
  },
);

function created(): fc.Arbitrary<Changes> {
  return fc.record({ windows, zone, policy, catchupSeconds, jitterSeconds, excluded });
}

export interface Sequence {
  /** A day before the clocks of `first.zone` change. */
  startsAt: string;
  first: Changes;
  commands: Command[];
}

export const sequence: fc.Arbitrary<Sequence> = fc
  .record({
    change: fc.constantFrom(...CHANGES),
    first: created(),
    commands: fc.array(command, { minLength: 3, maxLength: 10, size: "max" }),
  })
  .map(({ change: [name, startsAt], first, commands }) => ({
    startsAt,
    first: { ...first, zone: name },
    commands,
  }));
