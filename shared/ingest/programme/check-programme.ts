/** Which fields of a start with a programme need each other. The schema checks each one alone. */
import { ApiError } from "../../contract/errors.js";
import type { Requests } from "../../contract/schemas.js";

type Start = Requests["StartStreamIngest"];

/** StopTime is further ahead than TRTC's own cap. */
export interface Reaching {
  isBeyondCap: boolean;
  /** An occurrence of a schedule always has a programme, so that another one can take its place. */
  isOccurrence?: boolean;
}

export const keepsAlive = ({ KeepAlive, Playlist }: Start, { isBeyondCap }: Reaching): boolean =>
  KeepAlive ?? (Playlist !== undefined || isBeyondCap);

/** False for one source that plays until it ends, or until its deadline. */
export const hasProgramme = (request: Start, reaching: Reaching): boolean =>
  request.Playlist !== undefined ||
  request.BackupStreamUrl !== undefined ||
  reaching.isOccurrence === true ||
  keepsAlive(request, reaching);

/** Throws ApiError at the first field that does not fit. */
export function checkProgramme(request: Start, reaching: Reaching): void {
  const { StreamUrl, Playlist, OnItemFailure, FillerStreamUrl } = request;
  if (StreamUrl === undefined && Playlist === undefined) {
    throw new ApiError("MissingParameter", "StreamUrl is missing: send StreamUrl or Playlist.");
  }
  if (Playlist !== undefined) checkPlaylist(request, Playlist);
  if (reaching.isBeyondCap && !keepsAlive(request, reaching)) {
    throw refused(
      "StopTime is more than seven days after the start, which needs KeepAlive: leave KeepAlive out, or send an earlier StopTime.",
    );
  }
  for (const { field, isMet, needs } of needsOf(request, reaching)) {
    if (request[field] === undefined || isMet) continue;
    throw refused(`${field} needs ${needs}: send it too, or leave ${field} out.`);
  }
  if (OnItemFailure === "Filler" && FillerStreamUrl === undefined) {
    throw refused(
      "OnItemFailure Filler needs FillerStreamUrl: send it too, or another OnItemFailure.",
    );
  }
}

function checkPlaylist(request: Start, items: NonNullable<Start["Playlist"]>): void {
  if (request.StreamUrl !== undefined) {
    throw refused("StreamUrl and Playlist exclude each other: send one of them.");
  }
  for (const field of ["SeekSecond", "RepeatNum"] as const) {
    if (request[field] === undefined) continue;
    throw refused(
      `${field} belongs to one source, and Playlist has its own for each: put ${field} into an item.`,
    );
  }
  checkItems(items);
  const { StartIndex = 0 } = request;
  if (StartIndex < items.length) return;
  throw new ApiError(
    "InvalidParameter.OutOfRange",
    `StartIndex is behind the last item of Playlist: send a number from 0 to ${items.length - 1}.`,
  );
}

/** RTMP carries live streams only. */
export const isRtmp = (streamUrl: string): boolean => /^rtmps?:/i.test(streamUrl);

type Item = NonNullable<Start["Playlist"]>[number];

/** `placeOf` names an item as the request does. */
export function checkItems(
  items: readonly Item[],
  placeOf = (index: number) => `Playlist[${index}]`,
): void {
  for (const [index, { StreamUrl, RepeatNum, PlaySeconds }] of items.entries()) {
    if (PlaySeconds !== undefined) continue;
    if (isRtmp(StreamUrl)) {
      throw refused(
        `${placeOf(index)}.StreamUrl is RTMP, so the item has no end: send its PlaySeconds too.`,
      );
    }
    if (RepeatNum === -1) {
      throw refused(
        `${placeOf(index)}.RepeatNum is -1, so the item has no end: send its PlaySeconds too, or another RepeatNum.`,
      );
    }
  }
}

interface Need {
  field: keyof Start;
  isMet: boolean;
  needs: string;
}

function needsOf(request: Start, reaching: Reaching): Need[] {
  const { Playlist, BackupStreamUrl, FillerStreamUrl } = request;
  const list = { isMet: Playlist !== undefined, needs: "Playlist" };
  const programme = {
    isMet: hasProgramme(request, reaching),
    needs: "Playlist, BackupStreamUrl or KeepAlive",
  };
  const backup = { isMet: BackupStreamUrl !== undefined, needs: "BackupStreamUrl" };
  const another = {
    isMet: backup.isMet || FillerStreamUrl !== undefined,
    needs: "BackupStreamUrl or FillerStreamUrl",
  };
  const alive = { isMet: keepsAlive(request, reaching), needs: "KeepAlive" };
  return [
    { field: "PlaylistRepeatNum", ...list },
    { field: "StartIndex", ...list },
    { field: "OnItemFailure", ...programme },
    { field: "FillerStreamUrl", ...programme },
    { field: "SourceClearSeconds", ...another },
    { field: "SourcePreference", ...backup },
    { field: "RestartsPerHour", ...alive },
  ];
}

const refused = (message: string): ApiError => new ApiError("InvalidParameterValue", message);
