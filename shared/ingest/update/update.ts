/** UpdateStreamIngest: changes what an ingest plays or will play, and moves its times. */
import { type Ingest, isScheduled } from "../../store/ingests/ingest-row.js";
import { checkRequest } from "../../contract/check.js";
import { findOwn } from "../find.js";
import { checkStreamGrant } from "../policy.js";
import { statusOf, type Status } from "../present.js";
import type { Call, Services } from "../services.js";
import { waitWhileStarting } from "../wait.js";
import { changeRunning, type Update } from "./change-running.js";
import { isEmpty, mediaOf, playAfter } from "./media.js";
import { claimUpdate } from "./once.js";
import { notRunning, nothingToChange, refuseOutdated } from "./refusals.js";
import { refuseOutOfPlace, rescheduled } from "./scheduled.js";

export interface UpdateAnswer {
  Status: Status;
  Deadline: string;
}

export async function updateIngest(
  services: Services,
  call: Call<"UpdateStreamIngest">,
): Promise<UpdateAnswer> {
  const { store, config } = services;
  const { request, caller } = call;
  const media = mediaOf(request);
  if (media.StreamUrl !== undefined) checkStreamGrant(config, caller, media.StreamUrl);
  const known = await findOwn(services, call);
  // The first check did not know the site when the request had only a TaskId.
  checkRequest({ action: "UpdateStreamIngest", site: known.site }, request);
  // A replay took effect before. It is answered here, before any call to TRTC.
  const claimed = await claimUpdate(services, call, known);
  if (claimed === "done") return answerOf((await store.ingests.read(known.taskId)) ?? known);
  if (claimed === "unnamed") return answerOf(await carryOut(services, call, { known, media }));
  const { signature, use } = claimed;
  // If the release fails, the claim ends by itself.
  const release = () =>
    store.signatures.release({ signature, leaseUntil: use.leaseUntil }).catch(() => undefined);
  try {
    const answer = answerOf(await carryOut(services, call, { known, media, claimed }));
    if (answer.Status === "NotExist") await release();
    return answer;
  } catch (error) {
    await release();
    throw error;
  }
}

async function carryOut(
  services: Services,
  call: Call<"UpdateStreamIngest">,
  { known, ...update }: Omit<Update, "ingest"> & { known: Ingest },
): Promise<Ingest> {
  const { request, timeLeftMs } = call;
  const ingest = await waitWhileStarting(services, known, timeLeftMs);
  refuseOutOfPlace(request, isScheduled(ingest));
  const isRunning = ingest.state === "running" && ingest.trtcTaskId !== null;
  if (!isRunning && !isScheduled(ingest)) throw notRunning(ingest);
  refuseOutdated(ingest, request.Sequence);
  const change = isRunning ? changeRunning : changeScheduled;
  return change(services, call, { ...update, ingest });
}

/** Nothing plays yet, so only the row changes. */
async function changeScheduled(
  services: Services,
  { request, caller }: Call<"UpdateStreamIngest">,
  { ingest, media, claimed }: Update,
): Promise<Ingest> {
  const { store, clock, machineClock } = services;
  const { StartTime, StopTime, MaxDuration, Sequence: sequence } = request;
  const hasNoTimes = [StartTime, StopTime, MaxDuration].every((value) => value === undefined);
  if (hasNoTimes && isEmpty(media)) throw nothingToChange();
  const limitMinutes = caller.maxDurationMinutes;
  const updated = await store.scheduled.markUpdated({
    taskId: ingest.taskId,
    play: playAfter(ingest, media),
    schedule: rescheduled(ingest, request, { now: clock.now(), limitMinutes }),
    movedAt: clock.now(),
    sequence,
    signature: claimed?.signature,
    use: claimed?.use,
    at: machineClock.now(),
  });
  if (updated) return updated;
  // It has started or was stopped, a newer update took effect, or another request carried it out.
  const now = (await store.ingests.read(ingest.taskId)) ?? ingest;
  if (!isScheduled(now)) throw notRunning(now);
  refuseOutdated(now, sequence);
  return now;
}

const answerOf = (ingest: Ingest): UpdateAnswer => ({
  Status: statusOf(ingest),
  Deadline: ingest.deadlineAt.toISOString(),
});
