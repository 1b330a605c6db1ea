/**
 * Starts an occurrence of a schedule at its time, unless another occurrence has its room. Other
 * ingests of the room are left alone. An ingest without a schedule starts as always.
 */
import { SECOND_MS } from "../../clock.js";
import { type Ingest, isRestarting } from "../../store/ingests/ingest-row.js";
import type { Cut } from "../../store/schedules/schedule-row.js";
import { isHeld } from "../../store/programmes/successors.js";
import { budgetsOf } from "../budgets.js";
import { rollDueAt } from "../programme/next-step.js";
import type { Services } from "../services.js";
import { postpone } from "../start/attempts.js";
import { mayBegin, type StartedOnTime, startOnTime } from "../start/scheduled-start.js";
import { sleepUntil } from "../wait.js";
import { passOverLate, withPosition } from "./catch-up.js";
import { cutOther, endCut } from "./cut-other.js";
import { type Beaten, meet } from "./meet.js";
import { planTakeOver, takeOver } from "./take-over.js";

/** A row may change between a reading of the room and what follows from it. */
const ROUNDS_MAX = 20;

/** A step or an update of the other one is waited for so often. */
const HELD_ROUNDS = 8;
const POLL_MS = 250;

/** The next attempt needs this much time. */
const ATTEMPT_MS = 10 * SECOND_MS;

/** Throws errors of the database. */
export async function startOccurrence(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<StartedOnTime> {
  if (claimed.occurrence === null || isRestarting(claimed)) {
    return startOnTime(services, claimed, timeLeftMs);
  }
  await services.trtc.ready();
  const at = await sleepUntil(services, claimed.advanceAt ?? services.clock.now());
  // The start says why it does not begin.
  if (!mayBegin(services, claimed, at)) return startOnTime(services, claimed, timeLeftMs);
  const ready = await withPosition(services, claimed, timeLeftMs);
  switch (await enterRoom(services, ready, timeLeftMs)) {
    case "free":
      return startOnTime(services, ready, timeLeftMs);
    case "took-over":
      return "started";
    case "skipped":
      return "spared";
    case "waits":
      return postpone(services, claimed, STILL_THERE);
  }
}

type Entry = "free" | "took-over" | "skipped" | "waits";

const STILL_THERE = {
  code: "ResourceInUse",
  message:
    "Another occurrence of the room could not be stopped until StartWindowSeconds were over.",
};

async function enterRoom(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<Entry> {
  const { store, clock } = services;
  for (let round = 0; round < ROUNDS_MAX && timeLeftMs() > ATTEMPT_MS; round += 1) {
    const at = clock.now();
    const others = await store.overlap.listOthers({ claimed, at });
    const passed = await passOverLate(services, { claimed, others, at });
    if (passed === "claimed") return "skipped";
    if (passed === "earlier") continue;
    const rivals = others.filter((other) => isRival(other, at));
    const meeting = meet(claimed, rivals);
    if (meeting.kind === "loses") {
      if (await giveWay(services, claimed, meeting)) return "skipped";
      continue;
    }
    const leaving = others.filter((other) => other.occurrence?.cut?.by === claimed.taskId);
    const over = meeting.kind === "wins" ? meeting.over : [];
    if (over.length + leaving.length === 0) return "free";
    // It would end others in vain. The start says why it does not begin.
    const ends = [...over.map(({ other }) => other), ...leaving];
    const until = endAfter(claimed, over);
    if (await isOverBudget(services, claimed, { ends, until })) return "free";
    const entry = await beat(services, { claimed, over, leaving, round, timeLeftMs });
    if (entry) return entry;
    await clock.sleep(POLL_MS);
  }
  return "waits";
}

/** Those that end count until now. */
async function isOverBudget(
  services: Services,
  ingest: Ingest,
  { ends, until: deadlineAt }: { ends: readonly Ingest[]; until: Date },
): Promise<boolean> {
  const budgets = budgetsOf(services, ingest);
  if (budgets.length === 0) return false;
  const ending = ends.map(({ taskId }) => taskId);
  const { taskId } = ingest;
  const planned = { taskId, deadlineAt, budgets, ending };
  return (await services.store.budgets.overBudget(planned)) !== undefined;
}

/** It plays on for those that it beats because of their policy Extend. */
const endAfter = ({ deadlineAt }: Ingest, over: readonly Beaten<Ingest>[]): Date =>
  over
    .filter(({ reason }) => reason === "Extended")
    .reduce((end, { other }) => (other.deadlineAt > end ? other.deadlineAt : end), deadlineAt);

/** It is not to end anyway by now. */
const isRival = ({ state, stopAskedAt, deadlineAt }: Ingest, at: Date): boolean =>
  state !== "stopping" && stopAskedAt === null && deadlineAt > at;

/** True when this start is over. False when the other one is to end, so the room may be free. */
async function giveWay(
  services: Services,
  { taskId, callerId, deadlineAt }: Ingest,
  { to, reason }: { to: Ingest } & Pick<Cut, "reason">,
): Promise<boolean> {
  const { store, clock, log } = services;
  const cut: Cut = { reason, by: to.taskId };
  if (reason === "Extended") {
    // After a crash in between, the same decision follows, and the deadline stays.
    const isOver = await isOverBudget(services, to, { ends: [], until: deadlineAt });
    const until = isOver ? to.deadlineAt : deadlineAt;
    const extended = await store.overlap.extend(extensionOf(to, until));
    if (!extended) return false;
    cut.until = extended.deadlineAt.toISOString();
  }
  const ended = await store.scheduled.cancel({ taskId, at: clock.now(), cause: "cut", cut });
  if (ended) {
    const detail = `${reason}: ${to.taskId} has the room`;
    log({ level: "info", ingest: taskId, caller: callerId, outcome: "skipped", detail });
  }
  return true;
}

const extensionOf = ({ taskId, onAir }: Ingest, until: Date) => ({
  taskId,
  until,
  rollAt: (onAir && rollDueAt(onAir, until)) ?? null,
});

interface Round {
  claimed: Ingest;
  over: Beaten<Ingest>[];
  /** Ends that this start has asked for already. */
  leaving: Ingest[];
  round: number;
  timeLeftMs: () => number;
}

/** `undefined`: the room has to be looked at again. */
async function beat(services: Services, round: Round): Promise<Entry | undefined> {
  const { claimed, over, leaving, timeLeftMs } = round;
  for (const { other, reason } of over) {
    const { taskId, deadlineAt } = claimed;
    if (reason !== "Extended") continue;
    // The later one is held for its start too. Its policy lets this one play on.
    const until = other.deadlineAt > deadlineAt ? other.deadlineAt : deadlineAt;
    await services.store.overlap.extend({ taskId, until, rollAt: null });
  }
  const [last, ...first] = [...over].sort(runningFirst);
  const cuts = first.map(({ other, reason }) =>
    cutOther(services, { other, cut: { reason, by: claimed.taskId }, timeLeftMs }),
  );
  const ends = leaving.map((other) => endCut(services, other, timeLeftMs));
  const results = await Promise.all([...cuts, ...ends]);
  if (results.includes(false)) return undefined;
  return last ? beatLast(services, round, last) : "free";
}

const runningFirst = (one: Beaten<Ingest>, other: Beaten<Ingest>): number =>
  Number(other.other.state === "running") - Number(one.other.state === "running");

async function beatLast(
  services: Services,
  { claimed, round, timeLeftMs }: Round,
  { other, reason }: Beaten<Ingest>,
): Promise<Entry | undefined> {
  const at = services.clock.now();
  const plan = planTakeOver({ winner: claimed, loser: other }, at);
  if (!plan || (isHeld(other, at) && round >= HELD_ROUNDS)) {
    const cut = { reason, by: claimed.taskId };
    return (await cutOther(services, { other, cut, timeLeftMs })) ? "free" : undefined;
  }
  if (isHeld(other, at)) return undefined;
  const beaten = { winner: claimed, loser: other, reason, timeLeftMs };
  return (await takeOver(services, beaten, plan)) ? "took-over" : undefined;
}
