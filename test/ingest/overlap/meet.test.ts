/** Which of two or more occurrences has the room, from their rows alone. */
import { describe, expect, test } from "@jest/globals";
import { meet, type Side } from "../../../shared/ingest/overlap/meet.js";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { OverlapPolicy } from "../../../shared/contract/schedules/fields.js";
import { T0 } from "../../support/app/ingests.js";

interface Given {
  /** Minutes after T0. */
  at?: number;
  priority?: number;
  policy?: OverlapPolicy;
  hasBegun?: boolean;
}

function side(name: string, { at = 0, priority = 0, policy = "Skip", hasBegun }: Given): Side {
  const startsAt = addMs(T0, at * MINUTE_MS);
  return {
    taskId: name,
    state: hasBegun === true ? "running" : "starting",
    advanceAt: hasBegun === true ? null : startsAt,
    startedAt: hasBegun === true ? startsAt : null,
    startsAt,
    createdAt: T0,
    occurrence: {
      scheduleId: name,
      nominalAt: startsAt.toISOString(),
      priority,
      overlapPolicy: policy,
    },
  };
}

const RUNS = { hasBegun: true };

/** `b` is about to start. */
const PAIRS: readonly [what: string, mine: Given, other: Given, outcome: string][] = [
  ["a higher priority", { at: 5, priority: 2 }, { ...RUNS, priority: 1 }, "wins LowerPriority"],
  ["a lower priority", { at: 5, priority: 1 }, { ...RUNS, priority: 2 }, "loses LowerPriority"],
  [
    "a higher priority, although its policy is Skip",
    { at: 5, priority: 9, policy: "Skip" },
    RUNS,
    "wins LowerPriority",
  ],
  [
    "a lower priority, although its policy is StopOther",
    { at: 5, policy: "StopOther" },
    { ...RUNS, priority: 1 },
    "loses LowerPriority",
  ],
  [
    "a lower priority, although its policy is Extend",
    { at: 5, policy: "Extend" },
    { ...RUNS, priority: 1 },
    "loses LowerPriority",
  ],
  ["Skip of the later start", { at: 5, policy: "Skip" }, RUNS, "loses Overlap"],
  ["StopOther of the later start", { at: 5, policy: "StopOther" }, RUNS, "wins Overlap"],
  ["Extend of the later start", { at: 5, policy: "Extend" }, RUNS, "loses Extended"],
  [
    "Skip of the later start, whatever the earlier one says",
    { at: 5, policy: "Skip" },
    { ...RUNS, policy: "StopOther" },
    "loses Overlap",
  ],
  [
    "StopOther, before the earlier one has begun",
    { at: 5, policy: "StopOther" },
    {},
    "wins Overlap",
  ],
  ["equal starts, and the greater ScheduleId", { policy: "StopOther" }, {}, "loses Overlap"],
  ["equal starts, and one that runs", { policy: "StopOther" }, RUNS, "loses Overlap"],
  [
    "equal starts, and the higher priority",
    { priority: 1, policy: "Skip" },
    { policy: "StopOther" },
    "wins LowerPriority",
  ],
  [
    "a late start and a later one that runs",
    { policy: "Skip" },
    { ...RUNS, at: 5 },
    "loses Overlap",
  ],
  [
    "a late start that stops a later one that runs",
    { policy: "StopOther" },
    { ...RUNS, at: 5, policy: "Skip" },
    "wins Overlap",
  ],
  ["a later one that skips", { policy: "StopOther" }, { at: 5, policy: "Skip" }, "wins Overlap"],
  ["a later one that stops others", {}, { at: 5, policy: "StopOther" }, "loses Overlap"],
  ["a later one that extends", {}, { at: 5, policy: "Extend" }, "wins Extended"],
];

function outcomeOf(mine: Side, others: Side[]): string {
  const meeting = meet(mine, others);
  if (meeting.kind === "alone") return "alone";
  if (meeting.kind === "loses") return `loses ${meeting.reason}`;
  return `wins ${meeting.over.map(({ reason }) => reason).join(", ")}`;
}

describe("two occurrences", () => {
  test.each(PAIRS)("%s", (_, mine, other, outcome) => {
    expect(outcomeOf(side("b", mine), [side("a", other)])).toBe(outcome);
  });

  const waiting = PAIRS.filter(([, , other]) => other.hasBegun !== true);

  test.each(waiting)("%s: the other one decides the same", (_, mine, other, outcome) => {
    const [verdict, ...reason] = outcome.split(" ");
    const opposite = verdict === "wins" ? "loses" : "wins";
    expect(outcomeOf(side("a", other), [side("b", mine)])).toBe([opposite, ...reason].join(" "));
  });

  test("equal starts: the smaller ScheduleId wins", () => {
    expect(outcomeOf(side("a", {}), [side("b", {})])).toBe("wins Overlap");
    expect(outcomeOf(side("a", {}), [side("b", RUNS)])).toBe("wins Overlap");
  });
});

describe("several occurrences", () => {
  test("without another one it is alone", () => {
    expect(outcomeOf(side("b", {}), [])).toBe("alone");
  });

  test("one that loses to any of them ends none of them", () => {
    const others = [side("a", RUNS), side("c", { ...RUNS, priority: 5 })];
    const meeting = meet(side("b", { at: 5, priority: 1, policy: "StopOther" }), others);
    expect(meeting).toMatchObject({ kind: "loses", to: { taskId: "c" }, reason: "LowerPriority" });
  });

  test("it gives way to the strongest one", () => {
    const others = [
      side("a", RUNS),
      side("c", { ...RUNS, priority: 5 }),
      side("d", { priority: 3 }),
    ];
    expect(meet(side("b", { at: 5 }), others)).toMatchObject({
      kind: "loses",
      to: { taskId: "c" },
    });
  });

  test("it wins over all of them", () => {
    const others = [side("a", RUNS), side("c", {})];
    const meeting = meet(side("b", { at: 5, priority: 1 }), others);
    expect(meeting).toMatchObject({ kind: "wins", over: [{}, {}] });
  });
});
