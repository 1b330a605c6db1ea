/** Begins an attempt at a scheduled start, and says when the start is tried again or has failed. */
import { addMs, SECOND_MS } from "../../clock.js";
import { type Ingest, isRestarting } from "../../store/ingests/ingest-row.js";
import type { BegunAttempt, Refusal, ScheduledAttempt } from "../../store/ingests/scheduled.js";
import { throughOutage } from "../outage.js";
import type { Services } from "../services.js";
import { heldMs, RESUME_LEASE_MS } from "../timing.js";
import { connectAhead, slotWaitMaxMs, takeSlot } from "../trtc-call.js";

interface Attempt extends Pick<ScheduledAttempt, "quotas" | "budgets"> {
  claimed: Ingest;
  timeLeftMs: () => number;
}

/** A claim that ends meanwhile has another holder, and then this attempt does not begin. */
export function beginAttempt(
  services: Services,
  { claimed, timeLeftMs, ...limits }: Attempt,
): Promise<BegunAttempt> {
  const { store, clock } = services;
  return throughOutage(services, timeLeftMs, async (mayBeBegun) => {
    const at = clock.now();
    if (isOver(claimed, at)) return { outcome: "spared" };
    const waitMaxMs = slotWaitMaxMs(Math.min(timeLeftMs(), RESUME_LEASE_MS));
    const attempt = { claimed, at, leaseMs: RESUME_LEASE_MS, waitMaxMs, ...limits };
    const begun = await connectAhead(services, claimed, () => store.scheduled.begin(attempt));
    if (!mayBeBegun || begun.outcome !== "spared") return begun;
    return begunBefore(services, claimed, timeLeftMs);
  });
}

/** The attempt began without an answer, so its slot is not known. It gets another one. */
async function begunBefore(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<BegunAttempt> {
  const { taskId, account, callerId } = claimed;
  const ingest = await services.store.ingests.read(taskId);
  if (!ingest || !isAttemptOf(claimed, ingest)) return { outcome: "spared" };
  const call = { account, callerId, action: "StartStreamIngest" as const };
  const slot = await takeSlot(services, call, heldMs(services, ingest, timeLeftMs));
  return { outcome: "begun", ingest, slot };
}

/** A second attempt has a greater fence, and so has a row that reconcile-ingests has claimed. */
const isAttemptOf = (claimed: Ingest, { state, advanceAt, advanceFence, fence }: Ingest): boolean =>
  state === "starting" &&
  advanceAt === null &&
  advanceFence === claimed.advanceFence &&
  fence === claimed.fence + (claimed.failureCode === null ? 0 : 1);

/**
 * The attempt certainly plays nothing. The start is tried again, or has failed when its window is
 * over or a stop was asked. `spared`: another instance has the row, or has ended it.
 */
export async function retryLater(
  services: Pick<Services, "store" | "clock">,
  ingest: Ingest,
  { refusal: { code, message }, timeLeftMs }: { refusal: Refusal; timeLeftMs: () => number },
): Promise<"retried" | "failed" | "spared"> {
  const { store, clock } = services;
  const { taskId, fence } = ingest;
  return throughOutage(services, timeLeftMs, async () => {
    const at = clock.now();
    const advanceAt = nextAttemptAt(ingest, at);
    const isAgain =
      !isOver(ingest, advanceAt) &&
      (await store.scheduled.reschedule({ taskId, fence, advanceAt, code, message }));
    if (isAgain) return "retried";
    const failed = { taskId, fence, code, message, retry: false, at };
    return (await store.ingests.markFailed(failed)) ? "failed" : "spared";
  });
}

/** The attempt did not begin, so the claim is given back. */
export async function postpone(
  { store, clock }: Pick<Services, "store" | "clock">,
  claimed: Ingest,
  refusal: Refusal,
): Promise<"retried"> {
  const { taskId, advanceFence, startBy } = claimed;
  // The last attempt is at the end of the window, which ends the row.
  const nextAt = nextAttemptAt(claimed, clock.now());
  const advanceAt = startBy && nextAt.getTime() > startBy.getTime() ? startBy : nextAt;
  await store.scheduled.postpone({ taskId, advanceFence, advanceAt, ...refusal });
  return "retried";
}

/** Pauses between attempts grow with the time since StartTime. */
const RETRY_MIN_MS = 2 * SECOND_MS;
const RETRY_MAX_MS = 30 * SECOND_MS;

function nextAttemptAt(ingest: Ingest, at: Date): Date {
  const sinceMs = at.getTime() - firstAttemptAt(ingest).getTime();
  return addMs(at, Math.min(Math.max(sinceMs / 2, RETRY_MIN_MS), RETRY_MAX_MS));
}

/** The restart's first attempt, or the StartTime. */
function firstAttemptAt(ingest: Ingest): Date {
  const { startsAt, createdAt, onAir } = ingest;
  if (isRestarting(ingest)) return new Date(onAir?.restartedAt.at(-1) ?? createdAt);
  return startsAt ?? createdAt;
}

export const isOver = ({ startBy }: Pick<Ingest, "startBy">, at: Date): boolean =>
  startBy !== null && startBy.getTime() <= at.getTime();
