/**
 * StartStreamIngest: sends a robot user into a room to play one media URL.
 *
 * The row is written before the call to TRTC. So a crash in between leaves a row to reconcile,
 * never a robot without a row. A start makes two round trips to the database and one call to TRTC.
 * No transaction stays open during a call.
 */
import { ApiError } from "../../contract/errors.js";
import type { Slot } from "../../store/engine/database-time.js";
import { isAway, mayHaveArrived } from "../../store/engine/unavailable.js";
import { type Ingest, waitsToStart } from "../../store/ingests/ingest-row.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { BegunStart } from "../../store/ingests/starts.js";
import { answerCodeOf, apiErrorOf, TrtcError, withoutQueries } from "../../trtc/trtc-error.js";
import { budgetError } from "../budgets.js";
import { deadlineFrom } from "../lifecycle.js";
import { giveBack, throughOutage } from "../outage.js";
import { startOnTime } from "./scheduled-start.js";
import { planStart, type StartPlan } from "./plan-start.js";
import { playInRoom } from "./play-in-room.js";
import type { Call, Services } from "../services.js";
import { answerOf, type StartAnswer } from "./start-answer.js";
import { overQuota, robotBusy, unknownOutcome } from "./start-errors.js";
import { readsSources, readSources } from "./read-sources.js";
import { resumeStart } from "./resume-start.js";
import { LEASE_MARGIN_MS, RESUME_MIN_MS } from "../timing.js";
import { connectAhead, slotWaitMaxMs } from "../trtc-call.js";
import { waitWhileStarting } from "../wait.js";

export async function startIngest(
  services: Services,
  call: Call<"StartStreamIngest">,
): Promise<StartAnswer> {
  const plan = planStart(services, call);
  const begun = await begin(services, call, plan);
  switch (begun.outcome) {
    case "begun":
      return answerOf(await firstAttempt(services, call, { ...begun, plan }), { call, plan });
    case "scheduled":
      return answerOf(await whenNear(services, call, begun.ingest), { call, plan });
    case "token-known":
      return answerOf(await sameStart(services, call, { ingest: begun.ingest, plan }), {
        call,
        plan,
      });
    case "robot-busy":
      throw robotBusy(begun.ingest, call.caller.Id);
    case "over-quota":
      throw overQuota(begun, call.caller);
    case "over-budget":
      throw budgetError(begun, "start");
    case "no-slot":
      throw new ApiError("RequestLimitExceeded");
  }
}

/** Refuses a start that comes too late. A repeat of an earlier, timely start finds its row. */
async function begin(
  services: Services,
  call: Call<"StartStreamIngest">,
  plan: StartPlan,
): Promise<BegunStart> {
  const { refusal, row } = plan;
  if (refusal) return repeatOr(services, plan, refusal);
  if (!readsSources(call, row)) return beginWith(services, call, row);
  // A repeat gets its answer without a reading, and so does a start whose robot is not free.
  const conflict = await services.store.ingests.findConflict(row);
  if (conflict) return conflict;
  const { refusal: unplayable, ...learned } = await readSources(services, call, row);
  // The same start may have begun meanwhile, after a reading that succeeded.
  if (unplayable) return repeatOr(services, plan, unplayable);
  return beginWith(services, call, { ...row, ...learned });
}

async function repeatOr(
  { store }: Services,
  { row }: StartPlan,
  refusal: ApiError,
): Promise<BegunStart> {
  const conflict = await store.ingests.findConflict(row);
  if (conflict?.outcome === "token-known") return conflict;
  throw refusal;
}

async function beginWith(
  services: Services,
  { timeLeftMs }: Call<"StartStreamIngest">,
  row: NewIngest,
): Promise<BegunStart> {
  const { store, trtc, clock } = services;
  // A new instance connects to its database while it loads the SDK.
  await Promise.all([store.ready(), trtc.ready()]);
  // The lease counts from `createdAt`, so it includes the time of the connection.
  const passedMs = clock.now().getTime() - row.createdAt.getTime();
  const leaseMs = passedMs + timeLeftMs() + LEASE_MARGIN_MS;
  const start = { ...row, leaseMs, waitMaxMs: slotWaitMaxMs(timeLeftMs()) };
  const begin = () => store.ingests.beginStart(start);
  // Its timer begins it, so there is no lease to give back, and nothing leaves now.
  if (row.schedule) return begin();
  return connectAhead(services, row, begin).catch(async (error: unknown) => {
    // The row may be there, with a lease that no instance uses.
    const { taskId } = row;
    if (mayHaveArrived(error)) await giveBack(services, { taskId, fence: 0 }, timeLeftMs);
    throw error;
  });
}

async function firstAttempt(
  services: Services,
  call: Call<"StartStreamIngest">,
  { plan, ingest, slot }: { plan: StartPlan; ingest: Ingest; slot: Slot | undefined },
): Promise<Ingest> {
  const { store, clock } = services;
  const { request, timeLeftMs } = call;
  const { application, bounds } = plan;
  const { taskId, fence } = ingest;
  try {
    return await playInRoom(services, {
      ingest,
      slot,
      application,
      brought: request,
      timeLeftMs,
      deadlineFrom: (startedAt) => deadlineFrom(startedAt, bounds),
    });
  } catch (error) {
    if (isAway(error)) await giveBack(services, ingest, timeLeftMs);
    if (!(error instanceof TrtcError)) throw error;
    const at = clock.now();
    if (error.outcome === "unknown") {
      // No instance works on the row now, so a retry or reconcile-ingests can take it at once.
      await giveBack(services, ingest, timeLeftMs);
      throw unknownOutcome(call, withoutQueries(error.message));
    }
    const { code, message, retry } = apiErrorOf(error);
    const answer = answerCodeOf(error);
    const failure = { code, message, retry, at, answer };
    const failed = await throughOutage(services, timeLeftMs, () =>
      store.ingests.markFailed({ taskId, fence, ...failure }),
    );
    if (failed) throw apiErrorOf(error);
    // Another instance took the row over and may have started the task. The answer is its result.
    return (await store.ingests.read(taskId)) ?? ingest;
  }
}

/** Carries out a start whose StartTime is near, and leaves any other to advance-ingests. */
async function whenNear(
  services: Services,
  { timeLeftMs }: Call<"StartStreamIngest">,
  scheduled: Ingest,
): Promise<Ingest> {
  if (scheduled.advanceLeaseUntil === null) return scheduled;
  await startOnTime(services, scheduled, timeLeftMs);
  return (await services.store.ingests.read(scheduled.taskId)) ?? scheduled;
}

/**
 * Handles a start with a known name. An equal request gets the same answer, never a second robot.
 */
async function sameStart(
  services: Services,
  call: Call<"StartStreamIngest">,
  { ingest, plan }: { ingest: Ingest; plan: StartPlan },
): Promise<Ingest> {
  if (ingest.requestHash !== plan.row.requestHash) {
    throw new ApiError(
      "InvalidParameterValue",
      call.request.ClientToken === undefined
        ? "This signature was sent before with another request: sign the new request anew."
        : "ClientToken was sent before with another request: send a new token for a new request.",
    );
  }
  return finishStart(services, ingest, call.timeLeftMs);
}

/** Waits for the instance that holds the row. Resumes the start when no instance holds it. */
async function finishStart(
  services: Services,
  known: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  if (waitsToStart(known)) return known;
  const { store, clock } = services;
  let ingest = await waitWhileStarting(services, known, timeLeftMs);
  while (isBeingStarted(ingest) && timeLeftMs() > RESUME_MIN_MS) {
    const { taskId } = ingest;
    const claim = { taskId, at: clock.now(), leaseMs: timeLeftMs() + LEASE_MARGIN_MS };
    const claimed = await store.ingests.claimStart(claim);
    if (claimed) return resumeStart(services, claimed, timeLeftMs);
    ingest = await waitWhileStarting(
      services,
      (await store.ingests.read(taskId)) ?? ingest,
      timeLeftMs,
    );
  }
  return ingest;
}

const isBeingStarted = (ingest: Ingest): boolean =>
  ingest.state === "starting" && !waitsToStart(ingest);
