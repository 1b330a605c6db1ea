/** Why an update has no effect. */
import { ApiError } from "../../contract/errors.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";

export function notRunning({ state, endReason }: Ingest): ApiError {
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

export const refused = (message: string): ApiError =>
  new ApiError("InvalidParameterValue", message);

export const nothingToChange = (): ApiError =>
  new ApiError(
    "MissingParameter",
    "Nothing to change: send StreamUrl, Volume, IsPause, MaxDuration, StopTime or StartTime (on the Chinese site also EnableProgress or Tempo), or a field of the programme, such as Playlist or SkipItem.",
  );

/** Throws ApiError when an update with this Sequence or a greater one took effect before. */
export function refuseOutdated(
  { sequence: known }: Pick<Ingest, "sequence">,
  sequence: number | undefined,
): void {
  if (sequence === undefined || known === null || known < sequence) return;
  throw new ApiError(
    "FailedOperation",
    `An update with Sequence ${known} took effect, so this one with ${sequence} changed nothing: send a greater number.`,
  );
}

export const otherUpdateRuns = (): ApiError =>
  new ApiError(
    "ResourceInUse",
    "Another update of this ingest is being carried out at this moment: send the same request again.",
  );
