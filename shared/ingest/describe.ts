/**
 * DescribeStreamIngest: TRTC's word on whether the task is there, and ours on everything else.
 * A task that TRTC no longer knows ends its row.
 */
import type { Ingest } from "../store/ingest-row.js";
import { findOwn } from "./find.js";
import { reasonWhenGone } from "./lifecycle.js";
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
  return present(Status === "NotExist" ? await endGone(services, ingest) : ingest);
}

/** If the row has moved meanwhile, whoever moved it knows better: it is read again. */
export async function endGone({ store, clock }: Services, ingest: Ingest): Promise<Ingest> {
  const { taskId, fence } = ingest;
  const at = clock.now();
  const reason = reasonWhenGone(ingest, at);
  const ended = await store.markEnded({ taskId, fence, reason, at });
  return ended ?? (await store.readIngest(taskId)) ?? ingest;
}
