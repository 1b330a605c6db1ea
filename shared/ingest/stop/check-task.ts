/** Asks TRTC whether an ingest's task is there. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Services } from "../services.js";
import { endGone } from "./end-gone.js";
import { callInSlot, slotWaitMaxMs } from "../trtc-call.js";

/** `waitMaxMs`: how far ahead a slot may lie. Default: as far as the function's time allows. */
export interface Patience {
  timeLeftMs: () => number;
  waitMaxMs?: number;
}

/** Checks a running ingest and ends the row when its task is gone. */
export async function checkTask(
  services: Services,
  ingest: Ingest,
  patience: Patience,
): Promise<"there" | "gone"> {
  if (await isThere(services, ingest, patience)) return "there";
  await endGone(services, ingest, patience.timeLeftMs);
  return "gone";
}

/** Throws TrtcError when TRTC gives no clear answer. */
export async function isThere(
  services: Services,
  ingest: Ingest,
  { timeLeftMs, waitMaxMs }: Patience,
): Promise<boolean> {
  const { store, trtc } = services;
  const { account, callerId, sdkAppId, trtcTaskId } = ingest;
  const action = "DescribeStreamIngest";
  await trtc.ready();
  const slot = await store.slots.take({
    account,
    callerId,
    action,
    waitMaxMs: waitMaxMs ?? slotWaitMaxMs(timeLeftMs()),
  });
  const request = { SdkAppId: sdkAppId, TaskId: trtcTaskId ?? "" };
  const { Status } = await callInSlot(services, action, { ingest, request, slot, timeLeftMs });
  return Status !== "NotExist";
}
