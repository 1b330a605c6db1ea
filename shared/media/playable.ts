/**
 * The media that TRTC plays: the codecs of its guide, at most 1080p and 30 frames a second. Only
 * the Chinese site documents the last two. Both sites are one service, so the limits apply to both.
 */
import { type Media, SourceError, type Track, type VideoTrack } from "./media.js";

const VIDEO_CODECS = new Set(["h264", "vp8"]);
const AUDIO_CODECS = new Set(["aac", "opus", "mp3"]);

/** In either orientation: an upright phone records 1080 × 1920. */
const LONG_SIDE_MAX = 1920;
const SHORT_SIDE_MAX = 1080;

/** 30, with the rounding of containers that write times in whole milliseconds. */
const FRAME_RATE_MAX = 30.5;

/** Throws a SourceError for media that TRTC does not play. */
export function refuseUnplayable({ tracks }: Media): void {
  if (tracks.length === 0) {
    throw new SourceError("unsupported", "It contains neither picture nor sound.");
  }
  for (const { type, codec } of tracks) {
    const known = type === "video" ? VIDEO_CODECS : AUDIO_CODECS;
    if (!known.has(codec)) {
      throw new SourceError(
        "unsupported",
        `The ${type} is ${codec}: ${[...known].join(", ")} are played.`,
      );
    }
  }
  for (const track of tracks) {
    if (track.type !== "video" || !isTooLarge(track)) continue;
    const { width, height, frameRate } = track;
    const size = `${width ?? "?"} × ${height ?? "?"} at ${frameRate ?? "?"} frames a second`;
    throw new SourceError("too-large", `The picture is ${size}: 1080p and 30 are the most.`);
  }
}

/** Unknown values count as small enough. */
export function isTooLarge({ width, height, frameRate }: Omit<VideoTrack, "type" | "codec">) {
  return (
    Math.max(width ?? 0, height ?? 0) > LONG_SIDE_MAX ||
    Math.min(width ?? 0, height ?? 0) > SHORT_SIDE_MAX ||
    (frameRate ?? 0) > FRAME_RATE_MAX
  );
}

/** The first picture and the first sound that can be played, otherwise the first of each. */
export function playedTracks(tracks: readonly Track[]): Track[] {
  return (["video", "audio"] as const).flatMap((type) => {
    const all = tracks.filter((track) => track.type === type);
    return all.find(isPlayed) ?? all[0] ?? [];
  });
}

export const isPlayed = ({ type, codec }: Pick<Track, "type" | "codec">): boolean =>
  (type === "video" ? VIDEO_CODECS : AUDIO_CODECS).has(codec);
