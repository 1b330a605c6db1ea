/** Asks TRTC whether a running ingest's task is there, and ends the row when it is not. */
import type { Ingest } from "../store/ingest-row.js";
import { endGone } from "./describe.js";
import type { Services } from "./services.js";
import { callInSlot, slotWaitMaxMs } from "./trtc-call.js";

/** `waitMaxMs`: how far ahead a slot may lie; as far as the time goes, unless told otherwise. */
export async function askAbout(
  services: Services,
  ingest: Ingest,
  { timeLeftMs, waitMaxMs }: { timeLeftMs: () => number; waitMaxMs?: number },
): Promise<"there" | "gone"> {
  const { store, trtc } = services;
  const { account, sdkAppId, trtcTaskId } = ingest;
  const action = "DescribeStreamIngest";
  await trtc.ready();
  const slot = await store.takeSlot({
    ...{ account, action },
    waitMaxMs: waitMaxMs ?? slotWaitMaxMs(timeLeftMs()),
  });
  const request = { SdkAppId: sdkAppId, TaskId: trtcTaskId ?? "" };
  const { Status } = await callInSlot(services, action, { ingest, request, slot, timeLeftMs });
  if (Status !== "NotExist") return "there";
  await endGone(services, ingest, timeLeftMs);
  return "gone";
}
