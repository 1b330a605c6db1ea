/**
 * The faults at each boundary: which can happen, how likely each is in this seed, and how often each
 * did happen. The boundaries are statements to the database and calls to TRTC, by their names.
 */
import type { Random } from "./random.js";

/** The weight of each kind among the faults of its boundary. */
const STATEMENT_FAULTS = {
  /** The connection broke before anything was done. */
  "error-before": 3,
  /** It was committed, and then the connection broke. */
  "error-after": 4,
  "crash-before": 2,
  "crash-after": 4,
  /** The machine freezes before the statement is sent. */
  "freeze-before": 1,
  /** It was committed, and the machine freezes before it receives the answer. */
  "freeze-after": 2,
  slow: 2,
  /** The driver gave it up, and the database commits it later. */
  late: 2,
} as const;

const CALL_FAULTS = {
  "never-sent": 1,
  "lost-request": 2,
  "lost-answer": 5,
  /** The client gave it up, and TRTC carries it out up to five minutes later. */
  "late-request": 4,
  "slow-answer": 2,
  "late-answer": 3,
  "5xx-before": 2,
  "5xx-after": 3,
  "internal-error-before": 1,
  "internal-error-after": 2,
  throttled: 2,
  refused: 3,
  "crash-before": 2,
  "crash-after": 4,
  "freeze-before": 1,
  "freeze-after": 2,
} as const;

const TIMER_FAULTS = { "lost tick": 1, "late tick": 1 } as const;

export type StatementFault = keyof typeof STATEMENT_FAULTS;
export type CallFault = keyof typeof CALL_FAULTS;
export type TimerFault = keyof typeof TIMER_FAULTS;

/** Counts by boundary and kind; `none` counts the crossings without a fault. */
export type Coverage = Map<string, Map<string, number>>;

export interface FaultPlan {
  statement: (name: string) => StatementFault | undefined;
  call: (action: string) => CallFault | undefined;
  timer: (name: string) => TimerFault | undefined;
  coverage: Coverage;
}

export type Mood = "calm" | "one fault" | "some faults" | "many faults";

/** The probability of a fault at each boundary; `one fault` has exactly one, at a random place. */
const CHANCE: Readonly<Record<Mood, number>> = {
  calm: 0,
  "one fault": 0,
  "some faults": 0.03,
  "many faults": 0.12,
};
const ONE_AMONG = 60;

/** Few seeds reach these boundaries, so faults are more likely there. */
const RARE: ReadonlySet<string> = new Set(
  [
    ...[
      "ingests.claimStart",
      "ingests.claimGone",
      "roomEvents.checkSoon",
      "roomEvents.markSeen",
      "roomEvents.explainEnd",
      "roomEvents.explainDismissal",
      "roomEvents.explainRemoval",
    ],
    ...["unclaimedTasks.take", "unclaimedTasks.end", "unclaimedTasks.drop"],
    ...["deadLetters.list", "deadLetters.isTokenSpent", "deadLetters.resolve"],
    ...["scheduled.reschedule", "scheduled.postpone", "scheduled.release", "scheduled.markMissed"],
  ].map((name) => `statement ${name}`),
);
const RARE_CHANCE = 0.4;

export function makeFaultPlan({
  mood,
  random,
  isOver,
}: {
  mood: Mood;
  random: Random;
  /** From then on, no fault happens. */
  isOver: () => boolean;
}): FaultPlan {
  const coverage: Coverage = new Map();
  let crossings = 0;
  const onlyAt = mood === "one fault" ? random.between(1, ONE_AMONG) : 0;

  function draw<K extends string>(
    boundary: string,
    weights: Readonly<Record<K, number>>,
  ): K | undefined {
    crossings += 1;
    const isRare = CHANCE[mood] > 0 && RARE.has(boundary);
    const isDrawn = random.chance(isRare ? RARE_CHANCE : CHANCE[mood]) || crossings === onlyAt;
    const kind = isDrawn && !isOver() ? weighted(random, weights) : undefined;
    count(coverage, boundary, kind ?? "none");
    return kind;
  }

  return {
    coverage,
    statement: (name) => draw(`statement ${name}`, STATEMENT_FAULTS),
    call: (action) => draw(`call ${action}`, CALL_FAULTS),
    timer: (name) => draw(`timer ${name}`, TIMER_FAULTS),
  };
}

export function count(coverage: Coverage, boundary: string, kind: string, times = 1): void {
  let kinds = coverage.get(boundary);
  if (!kinds) coverage.set(boundary, (kinds = new Map<string, number>()));
  kinds.set(kind, (kinds.get(kind) ?? 0) + times);
}

function weighted<K extends string>(random: Random, weights: Readonly<Record<K, number>>): K {
  const entries = Object.entries(weights) as [K, number][];
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of entries) {
    left -= weight;
    if (left < 0) return kind;
  }
  return entries[0]?.[0] as K;
}
