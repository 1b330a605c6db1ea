/** UpdateStreamIngest: changes what an ingest plays or will play, and moves its times. */
import { checkRequest } from "../../contract/check.js";
import type { Requests } from "../../contract/schemas.js";
import { type Ingest, waitsToStart } from "../../store/ingests/ingest-row.js";
import { findOwn } from "../find.js";
import { checkStreamGrant } from "../policy.js";
import { statusOf, type Status } from "../present.js";
import type { Call, Services } from "../services.js";
import { waitWhileStarting } from "../wait.js";
import { changeProgramme } from "./change-programme.js";
import { changeRunning, type Update } from "./change-running.js";
import { changeWaiting } from "./change-waiting.js";
import { urlsOf } from "../programme/plan-programme.js";
import { checkEditable, checkTogether, hasEdit } from "./edit-fields.js";
import { learnedItems } from "./learn-items.js";
import { isEmpty, mediaOf } from "./media.js";
import { claimUpdate } from "./once.js";
import { notRunning, nothingToChange, refuseOutdated } from "./refusals.js";
import { refuseOutOfPlace } from "./scheduled.js";

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
  checkTogether(request);
  for (const [field, url] of urlsOf(request)) checkStreamGrant(config, caller, url, field);
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
  refuseOutOfPlace(request, ingest);
  const isRunning = ingest.state === "running" && ingest.trtcTaskId !== null;
  if (!isRunning && !waitsToStart(ingest)) throw notRunning(ingest);
  refuseOutdated(ingest, request.Sequence);
  checkEditable(ingest, request);
  if (isEmpty(update.media) && !hasTimes(request) && !hasEdit(request)) throw nothingToChange();
  const items = await learnedItems(services, call, ingest);
  if (!isRunning) return changeWaiting(services, call, { ...update, ingest, items });
  if (!ingest.programme) return changeRunning(services, call, { ...update, ingest });
  return changeProgramme(services, call, { ...update, ingest, items });
}

const hasTimes = ({ StartTime, StopTime, MaxDuration }: Requests["UpdateStreamIngest"]): boolean =>
  [StartTime, StopTime, MaxDuration].some((value) => value !== undefined);

const answerOf = (ingest: Ingest): UpdateAnswer => ({
  Status: statusOf(ingest),
  Deadline: ingest.deadlineAt.toISOString(),
});
