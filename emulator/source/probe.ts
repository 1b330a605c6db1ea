/**
 * Opens a StreamUrl and reads its facts, within limits of bytes and time. Whatever a server does,
 * it only throws SourceErrors and never hangs.
 */
import { SECOND_MS } from "../../shared/clock.js";
import type { Media } from "./media.js";
import { refuseUnplayable } from "./playable.js";
import { type Limits, openBudget } from "./budget.js";
import { readHttp } from "./http/http.js";
import { readRtmp } from "./rtmp/rtmp.js";
import { isRtmp } from "./stream-url.js";

export type { Media } from "./media.js";

export type Probe = (streamUrl: string) => Promise<Media>;

const LIMITS: Limits = {
  /**
   * Headers, indexes and playlists are far smaller. Only files without them are read to the end.
   */
  bytesMax: 16 * 1024 * 1024,
  /** The pictures and sounds before an index at the end, where the server has no ranges. */
  passedBytesMax: 512 * 1024 * 1024,
  timeLimitMs: 10 * SECOND_MS,
};

/** Throws a SourceError when the address has nothing that TRTC would play. */
export async function probe(streamUrl: string, limits = LIMITS): Promise<Media> {
  const budget = openBudget(limits);
  try {
    const read = isRtmp(streamUrl) ? readRtmp : readHttp;
    const media = await read(streamUrl, budget);
    refuseUnplayable(media);
    return media;
  } catch (error) {
    throw budget.explain(error);
  } finally {
    budget.close();
  }
}
