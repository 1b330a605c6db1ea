/**
 * Starts a scheduled ingest at its StartTime, or an ingest again whose task has ended. Without a
 * success it is tried again until StartWindowSeconds or the ingest are over; then it has failed,
 * with the reason of the last attempt.
 */
import type { Application } from "../../config/configuration.js";
import { type Budget, budgetsFor } from "../../config/money/budgets.js";
import { type Ingest, isRestarting } from "../../store/ingests/ingest-row.js";
import type { OverQuota, Quotas } from "../../store/ingests/quotas.js";
import { isAway } from "../../store/engine/unavailable.js";
import type { Refusal } from "../../store/ingests/scheduled.js";
import type { Slot } from "../../store/engine/database-time.js";
import { apiErrorOf } from "../../trtc/trtc-error.js";
import { ignoreFailure } from "../../ignore.js";
import { budgetRefusal } from "../budgets.js";
import { deadlineAgain } from "../lifecycle.js";
import { aimAt } from "../programme/next-step.js";
import { withLengths } from "../programme/read-sources.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import { giveBack } from "../outage.js";
import type { Services } from "../services.js";
import { beginAttempt, isOver, postpone, retryLater } from "./attempts.js";
import { playInRoom } from "./play-in-room.js";
import { heldMs } from "../timing.js";
import { sleepUntil } from "../wait.js";

export type StartedOnTime = "started" | "spared" | "retried" | "failed" | "unknown";

/** Throws errors of the database. */
export async function startOnTime(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<StartedOnTime> {
  const { store, trtc, clock } = services;
  await trtc.ready();
  const at = await sleepUntil(services, claimed.advanceAt ?? clock.now());
  if (isOver(claimed, at)) return endMissedStart(services, claimed);
  if (isRestarting(claimed) && isListOver(claimed, at)) return endAsFinished(services, claimed, at);
  const grant = grantOf(services, claimed);
  if ("code" in grant) return postpone(services, claimed, grant);
  const { quotas, budgets } = grant;
  const begun = await beginAttempt(services, { claimed, quotas, budgets, timeLeftMs });
  switch (begun.outcome) {
    case "begun":
      return attempt(services, {
        ...begun,
        ingest: withLengthsOf(begun.ingest, claimed),
        application: grant.application,
        timeLeftMs,
      });
    case "over-quota":
      return postpone(services, claimed, overQuota(begun));
    case "over-budget":
      return postpone(services, claimed, budgetRefusal(begun, "start"));
    case "no-slot":
      return postpone(services, claimed, NO_SLOT);
    case "spared":
      await store.scheduled.release(claimed);
      return "spared";
  }
}

/** Lengths that were read since the claim. The row may have another list by now. */
const withLengthsOf = (ingest: Ingest, { programme }: Pick<Ingest, "programme">): Ingest =>
  ingest.programme && programme
    ? { ...ingest, programme: withLengths(ingest.programme, programme) }
    : ingest;

interface BegunAttempt {
  ingest: Ingest;
  slot: Slot | undefined;
  application: Application;
  timeLeftMs: () => number;
}

async function attempt(
  services: Services,
  { ingest, slot, application, timeLeftMs }: BegunAttempt,
): Promise<StartedOnTime> {
  const leftMs = heldMs(services, ingest, timeLeftMs);
  try {
    const started = await playInRoom(services, {
      ingest,
      slot,
      application,
      deadlineFrom: (startedAt) => deadlineAgain(startedAt, ingest),
      timeLeftMs: leftMs,
    });
    if (isRestarting(ingest)) reportRestart(services, ingest);
    else report(services, started);
    return "started";
  } catch (error) {
    if (isAway(error)) {
      // It failed before the call. If this fails too, reconcile-ingests takes the row up.
      const again = { refusal: error, timeLeftMs: leftMs };
      await retryLater(services, ingest, again).catch(ignoreFailure);
    }
    logTrtcFailure(services, ingest, error);
    if (error.outcome === "unknown") {
      // The row stays `starting`: reconcile-ingests removes the robot and starts it again.
      await giveBack(services, ingest, leftMs);
      return "unknown";
    }
    return retryLater(services, ingest, { refusal: apiErrorOf(error), timeLeftMs: leftMs });
  }
}

/** The last item ended while the ingest was to start again. */
async function endAsFinished(
  { store }: Pick<Services, "store">,
  { taskId }: Pick<Ingest, "taskId">,
  at: Date,
): Promise<"spared"> {
  await store.scheduled.cancel({ taskId, at, reason: "finished" });
  return "spared";
}

/** Its last item ended, and no filler follows. */
export function isListOver({ programme, onAir }: Ingest, at: Date): boolean {
  return programme !== null && onAir !== null && aimAt(programme, onAir, at).kind === "finish";
}

/** Ends a scheduled start whose time is over. */
export async function endMissedStart(
  { store, clock, log }: Pick<Services, "store" | "clock" | "log">,
  { taskId, callerId }: Pick<Ingest, "taskId" | "callerId">,
): Promise<"failed" | "spared"> {
  const ended = await store.scheduled.markMissed({ taskId, at: clock.now(), ...MISSED });
  if (!ended) return "spared";
  log({
    level: "warn",
    ingest: taskId,
    caller: callerId,
    outcome: ended.failureCode ?? MISSED.code,
  });
  return "failed";
}

const MISSED: Refusal = {
  code: "FailedOperation",
  message:
    "Nothing tried the start between StartTime and the end of StartWindowSeconds: check that the timer of advance-ingests runs.",
};

const NO_SLOT: Refusal = {
  code: "RequestLimitExceeded",
  message: "All of TRTC's 20 starts a second were taken until StartWindowSeconds were over.",
};

const overQuota = ({ quota, count }: OverQuota): Refusal => ({
  code: "LimitExceeded",
  message: `The caller had ${count} ingests live, as many as it may have (${quota}), until StartWindowSeconds were over.`,
});

/**
 * The operator may have taken a grant away since the request. An ingest that plays already keeps
 * playing. It has its place of MaxIngests, and its budgets count it until its deadline.
 */
function grantOf(
  { config }: Pick<Services, "config">,
  ingest: Ingest,
): { application: Application; quotas: Quotas; budgets: Budget[] } | Refusal {
  const { callerId, sdkAppId } = ingest;
  const application = config.applications.get(sdkAppId);
  if (application && isRestarting(ingest)) return { application, quotas: {}, budgets: [] };
  const caller = config.callers.get(callerId);
  if (!caller || !application || !caller.SdkAppIds.includes(sdkAppId)) {
    return {
      code: "UnauthorizedOperation",
      message: `The caller ${callerId} may no longer use the application ${sdkAppId}: its entry in CALLERS or TRTC_APPS was removed.`,
    };
  }
  const budgets = budgetsFor({ caller, application });
  return { application, quotas: { maxIngests: caller.MaxIngests }, budgets };
}

/** False when the start is over by now, or when its grant was taken away. */
export const mayBegin = (services: Pick<Services, "config">, claimed: Ingest, at: Date): boolean =>
  !isOver(claimed, at) && !("code" in grantOf(services, claimed));

function report({ log }: Services, { taskId, callerId, startsAt, startedAt }: Ingest): void {
  const latenessMs = (startedAt?.getTime() ?? 0) - (startsAt?.getTime() ?? 0);
  log({ level: "info", ingest: taskId, caller: callerId, outcome: "ok", latenessMs });
}

const reportRestart = ({ log }: Services, { taskId, callerId }: Ingest): void =>
  log({ level: "info", ingest: taskId, caller: callerId, outcome: "restarted" });
