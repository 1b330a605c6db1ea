/** The fields of an update that TRTC gets, and what they change in the row. */
import { ApiError } from "../../contract/errors.js";
import type { Requests } from "../../contract/schemas.js";
import type { Ingest, Play } from "../../store/ingests/ingest-row.js";
import type { Services } from "../services.js";
import { playOfTask } from "../start/presign.js";
import { callTrtc, saysGone } from "../trtc-call.js";

const MEDIA_FIELDS = ["StreamUrl", "Volume", "IsPause", "EnableProgress", "Tempo"] as const;

export type Media = Partial<Omit<Play, "Stored">> & { IsPause?: boolean };

export const isEmpty = (media: Media): boolean => Object.keys(media).length === 0;

export const mediaOf = (request: Requests["UpdateStreamIngest"]): Media =>
  Object.fromEntries(
    MEDIA_FIELDS.filter((field) => request[field] !== undefined).map((field) => [
      field,
      request[field],
    ]),
  );

/** A new StreamUrl replaces the stored object, so we do not sign it. */
export function playAfter({ play }: Ingest, media: Media): Partial<Play> {
  const { IsPause: _, ...changed } = media;
  const isOther = changed.StreamUrl !== undefined && play.Stored;
  return isOther ? { ...changed, Stored: null } : changed;
}

export const pausedAt = (isPause: boolean | undefined, now: Date): Date | null | undefined => {
  if (isPause === undefined) return undefined;
  return isPause ? now : null;
};

/**
 * What the row says about the fields of an update. A field that was never sent has its default. Of a
 * programme the step puts sources in, so its updates have no StreamUrl here.
 */
export function mediaOfRow(services: Services, ingest: Ingest, fields: Media): Media {
  const { pausedAt: paused, play, latestAt } = ingest;
  const { StreamUrl, Volume = 100, EnableProgress = false, Tempo = 1 } = play;
  const url = fields.StreamUrl === undefined ? StreamUrl : urlOf(services, { play, latestAt });
  const all: Media = { StreamUrl: url, Volume, EnableProgress, Tempo, IsPause: paused !== null };
  return Object.fromEntries(Object.entries(all).filter(([field]) => field in fields));
}

const urlOf = (services: Services, { play, latestAt }: Pick<Ingest, "play" | "latestAt">): string =>
  playOfTask(services, play, latestAt).StreamUrl;

/** Returns false when TRTC no longer has the task. It says so with a status, or with an error. */
export async function changeTask(
  services: Services,
  { ingest, media, timeLeftMs }: { ingest: Ingest; media: Media; timeLeftMs: () => number },
): Promise<boolean> {
  if (ingest.trtcTaskId === null) return false;
  const request = { SdkAppId: ingest.sdkAppId, TaskId: ingest.trtcTaskId, ...media };
  try {
    const update = { ingest, request, timeLeftMs };
    const { Status } = await callTrtc(services, "UpdateStreamIngest", update);
    return Status !== "NotExist";
  } catch (error) {
    if (error instanceof ApiError && saysGone(error.cause)) return false;
    throw error;
  }
}
