/**
 * DescribeStreamIngest: TRTC's word on whether the task is there, and ours on everything else.
 * A task that TRTC no longer knows ends its row.
 */
import type { Ingest } from "../store/ingests/ingest-row.js";
import { TrtcError } from "../trtc/trtc-error.js";
import { findOwn } from "./find.js";
import { reasonWhenGone } from "./lifecycle.js";
import { removeRobot } from "./stop/evict-robot.js";
import { present, type PresentedIngest } from "./present.js";
import type { Call, Services } from "./services.js";
import { callTrtc } from "./trtc-call.js";

export async function describeIngest(
  services: Services,
  call: Call<"DescribeStreamIngest">,
): Promise<PresentedIngest> {
  const ingest = await findOwn(services, call);
  if (ingest.state !== "running" || ingest.trtcTaskId === null) return present(ingest);
  const { Status } = await callTrtc(services, "DescribeStreamIngest", {
    ingest,
    request: { SdkAppId: ingest.sdkAppId, TaskId: ingest.trtcTaskId },
    timeLeftMs: call.timeLeftMs,
  });
  if (Status !== "NotExist") return present(ingest);
  return present(await endGone(services, ingest, call.timeLeftMs));
}

/**
 * TRTC does not know the task any more. If the row has moved meanwhile, whoever moved it knows
 * better: it is read again. Where a start of the same robot may have come late, and thrown the task
 * out, the robot is removed first; if that fails, the row stays as it is and is looked at again.
 */
export async function endGone(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { store, clock } = services;
  const { taskId, fence } = ingest;
  try {
    if (ingest.lateStartUntil !== null) await removeRobot(services, ingest, timeLeftMs);
  } catch (error) {
    if (error instanceof TrtcError) return ingest;
    throw error;
  }
  const at = clock.now();
  // Whoever asked for its end has had it: the answer may have been lost.
  const reason = ingest.endReason ?? reasonWhenGone(ingest, at);
  const ended = await store.markEnded({ taskId, fence, reason, at });
  return ended ?? (await store.readIngest(taskId)) ?? ingest;
}
