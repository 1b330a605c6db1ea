/**
 * The second half of a start: waits for the slot, calls TRTC, and writes what came of it. The row is
 * there by now, so whatever happens from here on, somebody can find out.
 */
import { addMs } from "../clock.js";
import { ApiError } from "../errors.js";
import type { Slot } from "../store/database-time.js";
import type { Ingest } from "../store/ingest-row.js";
import { apiErrorOf, TrtcError, withoutQueries } from "../trtc/trtc-error.js";
import { deadlineFrom } from "./lifecycle.js";
import type { StartPlan } from "./plan-start.js";
import { signRobot } from "./robot.js";
import type { Call, Services } from "./services.js";
import { callInSlot } from "./trtc-call.js";

export async function playInRoom(
  services: Services,
  call: Call<"StartStreamIngest">,
  { ingest, slot, plan }: { ingest: Ingest; slot: Slot | undefined; plan: StartPlan },
): Promise<Ingest> {
  const { store, clock } = services;
  const { taskId, fence } = ingest;
  // TRTC counts a loop's cap from when it takes the call, so the deadline counts from just before.
  const startedAt = addMs(clock.now(), Math.max(0, slot?.msUntil() ?? 0));
  const { deadlineAt, latestAt, nativeCapMinutes } = deadlineFrom(startedAt, plan.bounds);
  const { account, site, region } = ingest;
  const robot = signRobot(plan.application, plan.robot, {
    brought: call.request,
    now: clock.now(),
    latestAt,
  });
  const request = {
    SdkAppId: ingest.sdkAppId,
    RoomId: ingest.roomId,
    RoomIdType: ingest.roomIdType,
    ...robot,
    ...ingest.play,
    ...(nativeCapMinutes === undefined ? {} : { MaxDuration: nativeCapMinutes }),
  };
  try {
    if (deadlineAt.getTime() <= startedAt.getTime()) throw tooLate();
    const { TaskId: trtcTaskId } = await callInSlot(services, "StartStreamIngest", {
      ingest: { account, site, region },
      request,
      slot,
      timeLeftMs: call.timeLeftMs,
    });
    if (trtcTaskId === undefined) throw noTaskId();
    return await remember(services, ingest, { trtcTaskId, startedAt, deadlineAt, latestAt });
  } catch (error) {
    if (!(error instanceof TrtcError)) throw error;
    if (error.outcome === "unknown") throw unknownOutcome(withoutQueries(error.message));
    const { code, message, retry } = apiErrorOf(error);
    await store.markFailed({ taskId, fence, code, message, retry, at: clock.now() });
    throw apiErrorOf(error);
  }
}

/** If the row cannot be written now, the log at least says which task TRTC plays. */
async function remember(
  { store }: Services,
  ingest: Ingest,
  running: { trtcTaskId: string } & Record<"startedAt" | "deadlineAt" | "latestAt", Date>,
): Promise<Ingest> {
  const { taskId, fence } = ingest;
  try {
    const marked = await store.markRunning({ taskId, fence, ...running });
    return marked ?? (await store.readIngest(taskId)) ?? ingest;
  } catch (error) {
    throw unknownOutcome(`TRTC plays ${running.trtcTaskId} for ${taskId}: ${String(error)}`);
  }
}

/** Nobody may call this start failed: the row stays, and is settled later. */
export const unknownOutcome = (detail?: string): ApiError =>
  new ApiError(
    "InternalError",
    "TRTC has not answered, so whether the stream plays is not known yet: send the same request with the same ClientToken again, or look it up with ListStreamIngests.",
    detail === undefined ? {} : { detail },
  );

const tooLate = (): TrtcError =>
  new TrtcError(
    "RequestLimitExceeded",
    "So many calls are waiting that the stream would start after its StopTime: send a later one.",
    "refused",
  );

const noTaskId = (): TrtcError =>
  new TrtcError("InternalError", "TRTC answered without a TaskId", "unknown");
