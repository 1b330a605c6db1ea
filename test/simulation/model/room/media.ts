/** shared/store/ingests/media.ts: the state of a source, for events in any order. */
import { addMs, MINUTE_MS } from "../../../../shared/clock.js";
import type { MediaState } from "../../../../shared/store/ingests/ingest-row.js";
import {
  FAILED_FOR_GOOD,
  type ReportedMediaState,
} from "../../../../shared/store/ingests/media.js";
import { later } from "../tables.js";

export interface Media {
  mediaState: MediaState | null;
  mediaAt: Date | null;
  mediaFailures: Date[];
  failuresAfter: Date | null;
}

const ORDER = ["failed", "retrying", "playing"];

const REMEMBERED_MS = 10 * MINUTE_MS;

export function mediaAfter(known: Media, media: ReportedMediaState | undefined, at: Date): Media {
  const { mediaState, mediaAt, mediaFailures } = known;
  const failuresAfter = media === "playing" ? later(known.failuresAfter, at) : known.failuresAfter;
  const failures = media === "failed" ? [...mediaFailures, at] : mediaFailures;
  return {
    ...(media !== undefined && isNews(known, media, at)
      ? { mediaState: media, mediaAt: at }
      : { mediaState, mediaAt }),
    mediaFailures: failuresAmong(failures, failuresAfter),
    failuresAfter,
  };
}

function isNews({ mediaState, mediaAt }: Media, media: ReportedMediaState, at: Date): boolean {
  if (mediaState === null || mediaState === "connecting" || mediaAt === null) return true;
  const passedMs = at.getTime() - mediaAt.getTime();
  return passedMs > 0 || (passedMs === 0 && ORDER.indexOf(media) > ORDER.indexOf(mediaState));
}

/** The failures that still count, each once, the oldest first. */
export function failuresAmong(failures: readonly Date[], after: Date | null): Date[] {
  const all = [...new Set(failures.map((each) => each.getTime()))].sort((a, b) => a - b);
  const sinceMs = Math.max(after?.getTime() ?? 0, (all.at(-1) ?? 0) - REMEMBERED_MS);
  return all.filter((ms) => ms > sinceMs).map((ms) => new Date(ms));
}

export const failedTimes = ({ mediaFailures }: Pick<Media, "mediaFailures">): number =>
  Math.max(
    0,
    ...mediaFailures.map((first) => {
      const last = addMs(first, MINUTE_MS);
      return mediaFailures.filter((each) => first <= each && each <= last).length;
    }),
  );

export const hasFailedForGood = (row: Pick<Media, "mediaFailures">): boolean =>
  failedTimes(row) >= FAILED_FOR_GOOD;
