/**
 * StopStreamIngest. A second stop is a success. A stop of an ingest that has already ended is also
 * a success.
 */
import { ApiError } from "../../contract/errors.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { apiErrorOf, TrtcError } from "../../trtc/trtc-error.js";
import { findOwn } from "../find.js";
import { askStop } from "./ask-stop.js";
import { beginStop } from "./begin-stop.js";
import { endTask } from "./end-task.js";
import type { Call, Services } from "../services.js";
import { resumeStart } from "../start/resume-start.js";
import { RESUME_LEASE_MS } from "../timing.js";
import { waitUntil } from "../wait.js";

export async function stopIngest(
  services: Services,
  call: Call<"StopStreamIngest">,
): Promise<Record<string, never>> {
  const { trtc } = services;
  const { timeLeftMs } = call;
  const known = await findOwn(services, call);
  const cause = call.isMessage === true ? "event" : "caller";
  const asked = await askStop(services, known, { cause });
  const ingest = await whenStarted(services, asked, timeLeftMs);
  if (ingest.state === "ended") return {};
  await trtc.ready();
  const begun = await beginStop(services, ingest, { cause, timeLeftMs });
  if (!begun) return theirs(services, ingest, timeLeftMs);
  try {
    const ended = await endTask(services, { ...begun, timeLeftMs });
    return ended ? {} : await theirs(services, ingest, timeLeftMs);
  } catch (error) {
    throw error instanceof TrtcError ? apiErrorOf(error) : error;
  }
}

/**
 * Returns the row when it runs or has ended, or as it is when the time is up. Gives up a start that
 * no instance works on.
 */
async function whenStarted(
  services: Services,
  asked: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { store, clock } = services;
  const isOver = ({ state }: Ingest) => state === "running" || state === "ended";
  const seen = await waitUntil(services, asked, { isOver, timeLeftMs });
  if (seen.state !== "starting") return seen;
  const claim = { taskId: seen.taskId, at: clock.now(), leaseMs: RESUME_LEASE_MS };
  const claimed = await store.ingests.claimStart(claim);
  return claimed ? resumeStart(services, claimed, timeLeftMs) : seen;
}

/** Another instance works on the row. A stop of the same moment has its end soon. */
async function theirs(
  services: Services,
  { taskId }: Ingest,
  timeLeftMs: () => number,
): Promise<Record<string, never>> {
  const row = await services.store.ingests.read(taskId);
  const isOver = ({ state }: Ingest) => state === "ended";
  const seen = row && (await waitUntil(services, row, { isOver, timeLeftMs }));
  if (seen?.state === "ended") return {};
  throw new ApiError(
    "ResourceInUse",
    "The ingest is being started or stopped at this moment, and ends as soon as that is over: send the same request again to see it ended.",
  );
}
