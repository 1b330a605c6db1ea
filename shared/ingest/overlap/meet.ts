/**
 * Which of the occurrences that meet in a room plays. A pure function of their rows, so instances
 * that look at the same rows at once decide the same.
 *
 * The higher priority wins, whatever the policies say. With equal priorities the policy of the later
 * start decides. With equal starts too, the smaller ScheduleId wins.
 */
import type { OverlapPolicy } from "../../contract/schedules/fields.js";
import { type Ingest, isScheduled } from "../../store/ingests/ingest-row.js";
import type { CutReason } from "../../store/schedules/schedule-row.js";

/** What a row says about the meeting. */
export type Side = Pick<
  Ingest,
  "taskId" | "state" | "advanceAt" | "startedAt" | "startsAt" | "createdAt" | "occurrence"
>;

export interface Beaten<Row> {
  other: Row;
  reason: CutReason;
}

export type Meeting<Row> =
  | { kind: "alone" }
  /** It is skipped, and ends no other one. */
  | { kind: "loses"; to: Row; reason: CutReason }
  /** It plays in place of all of them. */
  | { kind: "wins"; over: Beaten<Row>[] };

/** `mine` is about to start, and `others` are the rows that it meets. */
export function meet<Row extends Side>(mine: Side, others: readonly Row[]): Meeting<Row> {
  if (others.length === 0) return { kind: "alone" };
  const pairs = [...others].sort(byStrength).map((other) => ({ other, ...outcomeOf(mine, other) }));
  const lost = pairs.find(({ isWon }) => !isWon);
  if (lost) return { kind: "loses", to: lost.other, reason: lost.reason };
  return { kind: "wins", over: pairs.map(({ other, reason }) => ({ other, reason })) };
}

interface PairOutcome {
  isWon: boolean;
  reason: CutReason;
}

function outcomeOf(mine: Side, other: Side): PairOutcome {
  const [own, its] = [priorityOf(mine), priorityOf(other)];
  if (own !== its) return { isWon: own > its, reason: "LowerPriority" };
  const order = orderOf(mine, other);
  if (order === "equal") return { isWon: nameOf(mine) < nameOf(other), reason: "Overlap" };
  const { isLaterFirst, reason } = OUTCOMES[policyOf(order === "later" ? mine : other)];
  return { isWon: isLaterFirst === (order === "later"), reason };
}

const OUTCOMES: Readonly<Record<OverlapPolicy, { isLaterFirst: boolean; reason: CutReason }>> = {
  Skip: { isLaterFirst: false, reason: "Overlap" },
  StopOther: { isLaterFirst: true, reason: "Overlap" },
  Extend: { isLaterFirst: false, reason: "Extended" },
};

/** One that has begun is the earlier one, also where this one starts late. */
function orderOf(mine: Side, other: Side): "earlier" | "equal" | "later" {
  const byMs = startMs(mine) - startMs(other);
  if (byMs === 0) return "equal";
  return byMs > 0 || !isScheduled(other) ? "later" : "earlier";
}

const startMs = ({ startsAt, createdAt }: Side): number => (startsAt ?? createdAt).getTime();

const priorityOf = ({ occurrence }: Side): number => occurrence?.priority ?? 0;

const policyOf = ({ occurrence }: Side): OverlapPolicy => occurrence?.overlapPolicy ?? "Skip";

const nameOf = ({ occurrence, taskId }: Side): string =>
  `${occurrence?.scheduleId ?? ""} ${taskId}`;

/** The highest priority first, then the earliest start. */
const byStrength = (one: Side, other: Side): number =>
  priorityOf(other) - priorityOf(one) ||
  startMs(one) - startMs(other) ||
  (nameOf(one) < nameOf(other) ? -1 : 1);
