/**
 * UpdateStreamIngest: changes what a running ingest plays, and moves its deadline. It calls TRTC
 * first and then writes the row. An update is repeatable, so the caller's retry repairs a crash in
 * between.
 */
import { ApiError } from "../contract/errors.js";
import { type Ingest, isScheduled, type Play } from "../store/ingests/ingest-row.js";
import { checkRequest } from "../contract/check.js";
import { parseInstant } from "../contract/instants.js";
import type { Requests } from "../contract/schemas.js";
import { findOwn } from "./find.js";
import { askedDeadline, isLoop } from "./lifecycle.js";
import { checkStreamGrant } from "./policy.js";
import { statusOf, type Status } from "./present.js";
import type { Call, Services } from "./services.js";
import { endGone } from "./stop/end-gone.js";
import { type CallInSlot, callTrtc, saysGone } from "./trtc-call.js";
import { type ClaimedUpdate, claimUpdate } from "./update-once.js";
import { refuseOutOfPlace, rescheduled } from "./update-scheduled.js";
import { waitWhileStarting } from "./wait.js";

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
  if (claimed === "unnamed") return carryOut(services, call, { known, media });
  const { signature, use } = claimed;
  // If the release fails, the claim ends by itself.
  const release = () =>
    store.signatures.release({ signature, leaseUntil: use.leaseUntil }).catch(() => undefined);
  try {
    const answer = await carryOut(services, call, { known, media, claimed });
    if (answer.Status === "NotExist") await release();
    return answer;
  } catch (error) {
    await release();
    throw error;
  }
}

interface Update {
  known: Ingest;
  media: Media;
  claimed?: ClaimedUpdate | undefined;
}

async function carryOut(
  services: Services,
  call: Call<"UpdateStreamIngest">,
  { known, media, claimed }: Update,
): Promise<UpdateAnswer> {
  const { request, timeLeftMs } = call;
  const { store, clock, machineClock } = services;
  const ingest = await waitWhileStarting(services, known, timeLeftMs);
  refuseOutOfPlace(request, isScheduled(ingest));
  if (isScheduled(ingest)) return moveScheduled(services, call, { known: ingest, media, claimed });
  if (ingest.state !== "running" || ingest.trtcTaskId === null) throw notRunning(ingest);
  const deadlineAt = movedDeadline(ingest, request, clock.now());
  if (deadlineAt === undefined && Object.keys(media).length === 0) throw nothingToChange();
  if (Object.keys(media).length > 0) {
    const request = { SdkAppId: ingest.sdkAppId, TaskId: ingest.trtcTaskId, ...media };
    const status = await updateTask(services, { ingest, request, timeLeftMs });
    if (status === "NotExist") return goneAnswer(await endGone(services, ingest, timeLeftMs));
  }
  const { IsPause } = media;
  const play = playAfter(ingest, media);
  // Only failures after this time count, by TRTC's clock. Earlier ones belong to the old source.
  const wasReported = play.StreamUrl !== undefined && ingest.mediaState !== "connecting";
  const updated = await store.ingests.markUpdated({
    taskId: ingest.taskId,
    deadlineAt,
    play,
    pausedAt: pausedAt(IsPause, clock.now()),
    failuresAfter: wasReported ? (ingest.mediaAt ?? undefined) : undefined,
    signature: claimed?.signature,
    use: claimed?.use,
    at: machineClock.now(),
  });
  if (updated) return answerOf(updated);
  // Another request stopped the ingest meanwhile, or carried out the same signed update.
  const now = (await store.ingests.read(ingest.taskId)) ?? ingest;
  if (now.state !== "running") throw notRunning(now);
  return answerOf(now);
}

/** Nothing plays yet, so only the row changes. */
async function moveScheduled(
  services: Services,
  { request, caller }: Call<"UpdateStreamIngest">,
  { known, media, claimed }: Update,
): Promise<UpdateAnswer> {
  const { store, clock, machineClock } = services;
  const { StartTime, StopTime, MaxDuration } = request;
  const isEmpty = [StartTime, StopTime, MaxDuration].every((value) => value === undefined);
  if (isEmpty && Object.keys(media).length === 0) throw nothingToChange();
  const limitMinutes = caller.maxDurationMinutes;
  const updated = await store.scheduled.markUpdated({
    taskId: known.taskId,
    play: playAfter(known, media),
    schedule: rescheduled(known, request, { now: clock.now(), limitMinutes }),
    movedAt: clock.now(),
    signature: claimed?.signature,
    use: claimed?.use,
    at: machineClock.now(),
  });
  if (updated) return answerOf(updated);
  // It has started or was stopped meanwhile, or another request carried out the same update.
  const now = (await store.ingests.read(known.taskId)) ?? known;
  if (!isScheduled(now)) throw notRunning(now);
  return answerOf(now);
}

/** A new StreamUrl replaces the stored object, so we do not sign it. */
function playAfter({ play }: Ingest, media: Media): Partial<Play> {
  const { IsPause: _, ...changed } = media;
  const isOther = changed.StreamUrl !== undefined && play.Stored;
  return isOther ? { ...changed, Stored: null } : changed;
}

const pausedAt = (isPause: boolean | undefined, now: Date): Date | null | undefined => {
  if (isPause === undefined) return undefined;
  return isPause ? now : null;
};

/** The update changed nothing. The row stays as it is while its robot is still in the room. */
function goneAnswer(ingest: Ingest): UpdateAnswer {
  if (ingest.state !== "ended") throw notRunning(ingest);
  return answerOf(ingest);
}

/** TRTC reports a missing task in two ways: with a status, or with an error. */
async function updateTask(
  services: Services,
  update: Omit<CallInSlot<"UpdateStreamIngest">, "slot">,
): Promise<Status> {
  try {
    const { Status } = await callTrtc(services, "UpdateStreamIngest", update);
    return Status === "NotExist" ? "NotExist" : "InProgress";
  } catch (error) {
    if (error instanceof ApiError && saysGone(error.cause)) return "NotExist";
    throw error;
  }
}

const MEDIA_FIELDS = ["StreamUrl", "Volume", "IsPause", "EnableProgress", "Tempo"] as const;

type Media = Partial<Play> & { IsPause?: boolean };

const mediaOf = (request: Requests["UpdateStreamIngest"]): Media =>
  Object.fromEntries(
    MEDIA_FIELDS.filter((field) => request[field] !== undefined).map((field) => [
      field,
      request[field],
    ]),
  );

/** TRTC ends a loop at the cap of its start. So a later deadline is refused. */
function movedDeadline(
  ingest: Ingest,
  { StopTime, MaxDuration }: Requests["UpdateStreamIngest"],
  now: Date,
): Date | undefined {
  const stopAt = StopTime === undefined ? undefined : parseInstant("StopTime", StopTime);
  const bounds = { stopAt, maxDurationMinutes: MaxDuration };
  const deadlineAt = askedDeadline(ingest.startedAt ?? ingest.createdAt, bounds);
  if (deadlineAt === undefined) return undefined;
  if (deadlineAt.getTime() <= now.getTime()) {
    throw new ApiError(
      "InvalidParameterValue",
      "The new deadline is over: send a later StopTime or MaxDuration, or StopStreamIngest to end it now.",
    );
  }
  if (deadlineAt.getTime() <= ingest.latestAt.getTime()) return deadlineAt;
  const why = isLoop(ingest.play)
    ? "TRTC ends this loop at the cap it was started with, which ExtendableUntil sets"
    : "the caller's longest ingest ends there, or its start said ExtendableUntil";
  throw new ApiError(
    "InvalidParameterValue",
    `The deadline cannot be moved past ${ingest.latestAt.toISOString()}: ${why}. Send that instant or an earlier one, or stop the ingest and start another.`,
  );
}

const answerOf = (ingest: Ingest): UpdateAnswer => ({
  Status: statusOf(ingest),
  Deadline: ingest.deadlineAt.toISOString(),
});

function notRunning({ state, endReason }: Ingest): ApiError {
  if (state === "ended") {
    return new ApiError(
      "FailedOperation.TaskNotExist",
      `The ingest has ended (${endReason ?? "lost"}): start a new one with StartStreamIngest.`,
    );
  }
  return new ApiError(
    "ResourceInUse",
    "The ingest is being started or stopped at this moment: send the same request again.",
  );
}

const nothingToChange = (): ApiError =>
  new ApiError(
    "MissingParameter",
    "Nothing to change: send StreamUrl, Volume, IsPause, MaxDuration, StopTime or StartTime (on the Chinese site also EnableProgress or Tempo).",
  );
