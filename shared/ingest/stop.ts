/**
 * StopStreamIngest. Stopping twice is a success, and so is stopping what has ended by itself:
 * whoever asks for the end has it.
 */
import { ApiError } from "../errors.js";
import type { Ingest } from "../store/ingest-row.js";
import { apiErrorOf, TrtcError } from "../trtc/trtc-error.js";
import { findOwn } from "./find.js";
import { endTask, stopTiming } from "./end-task.js";
import type { Call, Services } from "./services.js";
import { waitUntil } from "./wait.js";

export async function stopIngest(
  services: Services,
  call: Call<"StopStreamIngest">,
): Promise<Record<string, never>> {
  const { store, clock, trtc } = services;
  const { timeLeftMs } = call;
  const found = await findOwn(services, call);
  const isOver = ({ state }: Ingest) => state === "running" || state === "ended";
  const ingest = await waitUntil(services, found, { isOver, timeLeftMs });
  if (ingest.state === "ended") return {};
  await trtc.ready();
  const at = clock.now();
  const begun = await store.beginStop({ taskId: ingest.taskId, ...stopTiming(at, timeLeftMs) });
  if (!begun) return theirs(services, ingest);
  try {
    await endTask(services, { ...begun, askedAt: at, timeLeftMs });
    return {};
  } catch (error) {
    throw error instanceof TrtcError ? apiErrorOf(error) : error;
  }
}

/** Somebody else is stopping it, or it has not started yet: its end is not ours to promise. */
async function theirs({ store }: Services, { taskId }: Ingest): Promise<Record<string, never>> {
  const ingest = await store.readIngest(taskId);
  if (ingest?.state === "ended") return {};
  throw new ApiError(
    "ResourceInUse",
    "The ingest is being started or stopped at this moment: send the same request again.",
  );
}
