/**
 * DescribeStreamIngest: TRTC reports whether the task exists, and the row has everything else. The
 * row ends when TRTC no longer knows its task.
 */
import { findOwn } from "./find.js";
import { present, type PresentedIngest } from "./present.js";
import type { Call, Services } from "./services.js";
import { endGone } from "./stop/end-gone.js";
import { callTrtc } from "./trtc-call.js";

export async function describeIngest(
  services: Services,
  call: Call<"DescribeStreamIngest">,
): Promise<PresentedIngest> {
  const { clock } = services;
  const ingest = await findOwn(services, call);
  if (ingest.state !== "running" || ingest.trtcTaskId === null) {
    return present(ingest, clock.now());
  }
  const { Status } = await callTrtc(services, "DescribeStreamIngest", {
    ingest,
    request: { SdkAppId: ingest.sdkAppId, TaskId: ingest.trtcTaskId },
    timeLeftMs: call.timeLeftMs,
  });
  if (Status !== "NotExist") return present(ingest, clock.now());
  return present(await endGone(services, ingest, call.timeLeftMs), clock.now());
}
