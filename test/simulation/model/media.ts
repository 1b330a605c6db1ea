/** shared/store/media.ts: how a source does, in whatever order it is told. */
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { MediaState } from "../../../shared/store/ingest-row.js";
import type { ToldMedia } from "../../../shared/store/media.js";

export interface Media {
  mediaState: MediaState | null;
  mediaAt: Date | null;
  mediaFailures: Date[];
}

const ORDER = ["failed", "retrying", "playing"];

const REMEMBERED_MS = 10 * MINUTE_MS;

export function mediaAfter(known: Media, media: ToldMedia | undefined, at: Date): Media {
  const { mediaState, mediaAt, mediaFailures } = known;
  if (media === undefined) return { mediaState, mediaAt, mediaFailures };
  return {
    ...(isNews(known, media, at) ? { mediaState: media, mediaAt: at } : { mediaState, mediaAt }),
    mediaFailures: media === "failed" ? remembered(mediaFailures, at) : mediaFailures,
  };
}

function isNews({ mediaState, mediaAt }: Media, media: ToldMedia, at: Date): boolean {
  if (mediaState === null || mediaState === "connecting" || mediaAt === null) return true;
  const passedMs = at.getTime() - mediaAt.getTime();
  return passedMs > 0 || (passedMs === 0 && ORDER.indexOf(media) > ORDER.indexOf(mediaState));
}

function remembered(failures: readonly Date[], at: Date): Date[] {
  const all = distinct([...failures, at]);
  const since = addMs(all.at(-1) ?? at, -REMEMBERED_MS);
  return all.filter((each) => each > since);
}

/** Each once, the oldest first. */
export const distinct = (times: readonly Date[]): Date[] =>
  [...new Set(times.map((each) => each.getTime()))].sort((a, b) => a - b).map((ms) => new Date(ms));

export const hasFailedForGood = ({ mediaFailures }: Media): boolean =>
  mediaFailures.some((first) => {
    const last = addMs(first, MINUTE_MS);
    return mediaFailures.filter((each) => first <= each && each <= last).length >= 3;
  });
