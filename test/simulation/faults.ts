/**
 * What can go wrong at a boundary, how often it does in this seed, and how often it did: the two
 * boundaries are a statement to the database and a call to TRTC, each of them by its name.
 */
import type { Random } from "./random.js";

/** By kind, how often it is drawn in comparison with the others of its boundary. */
const STATEMENT_FAULTS = {
  /** The connection was cut, and nothing was done. */
  "error-before": 3,
  /** It was committed, and then the connection was cut. */
  "error-after": 4,
  "crash-before": 2,
  "crash-after": 4,
  /** The machine stands still before it is sent. */
  "freeze-before": 1,
  /** It was committed, and the machine stands still before it hears of it. */
  "freeze-after": 2,
  slow: 2,
  /** Given up for lost, and committed later all the same. */
  late: 2,
} as const;

const CALL_FAULTS = {
  "never-sent": 1,
  "lost-request": 2,
  "lost-answer": 5,
  /** Given up for lost, and carried out up to five minutes later. */
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

/** By boundary and kind, how often; `none` counts what went well. */
export type Coverage = Map<string, Map<string, number>>;

export interface FaultPlan {
  statement: (name: string) => StatementFault | undefined;
  call: (action: string) => CallFault | undefined;
  timer: (name: string) => TimerFault | undefined;
  coverage: Coverage;
}

export type Mood = "calm" | "one fault" | "some faults" | "many faults";

/** The chance of a fault at each boundary; `one fault` has a single one, somewhere among so many. */
const CHANCE: Readonly<Record<Mood, number>> = {
  calm: 0,
  "one fault": 0,
  "some faults": 0.03,
  "many faults": 0.12,
};
const ONE_AMONG = 60;

/** What few seeds come to fails more often there, so that some do fail. */
const RARE: ReadonlySet<string> = new Set(
  [
    ...["claimStart", "checkSoon", "markSeen", "explainEnd", "explainDismissal", "explainRemoval"],
    ...["takeUnclaimed", "endUnclaimed", "dropUnclaimed"],
    ...["listDeadLetters", "isTokenSpent", "resolveDeadLetters"],
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
  /** From then on, nothing goes wrong any more. */
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
  const kinds = coverage.get(boundary) ?? new Map<string, number>();
  coverage.set(boundary, kinds);
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
