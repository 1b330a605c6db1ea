/** The size of a source's picture: "the resolution must stay the same", says TRTC's page of updates. */
import type { Media, OpeningFailure } from "../../shared/media/media.js";

export interface PictureSize {
  width: number;
  height: number;
}

/** Undefined for sound alone, and where the stream does not say. */
export function pictureSizeOf({ tracks }: Pick<Media, "tracks">): PictureSize | undefined {
  for (const track of tracks) {
    if (track.type !== "video" || track.width === null || track.height === null) continue;
    return { width: track.width, height: track.height };
  }
  return undefined;
}

/** An unknown size never differs. */
export const isOtherSize = (one?: PictureSize, other?: PictureSize): boolean =>
  one !== undefined &&
  other !== undefined &&
  (one.width !== other.width || one.height !== other.height);

export const sizeText = ({ width, height }: PictureSize): string => `${width} × ${height}`;

/** The media, or a failure when its picture does not have the required size. */
export function requireSize(
  required: PictureSize | undefined,
  media: Media,
): Media | OpeningFailure {
  const size = pictureSizeOf(media);
  if (!required || !size || !isOtherSize(required, size)) return media;
  return {
    reason: "other-resolution",
    message: `Its picture is ${sizeText(size)}, and the one before it was ${sizeText(required)}.`,
  };
}

/** The sizes of the sources that were opened lately. */
export interface PictureSizes {
  add(streamUrl: string, media: Media): void;
  find(streamUrl: string): PictureSize | undefined;
}

const KEPT = 1000;

export function makePictureSizes(): PictureSizes {
  const sizes = new Map<string, PictureSize>();
  return {
    add(streamUrl, media) {
      sizes.delete(streamUrl);
      const size = pictureSizeOf(media);
      if (size) sizes.set(streamUrl, size);
      const [oldest] = sizes.keys();
      if (sizes.size > KEPT && oldest !== undefined) sizes.delete(oldest);
    },
    find: (streamUrl) => sizes.get(streamUrl),
  };
}
