/**
 * Opens a StreamUrl and reads its facts, within limits of bytes and time. It
 * throws SourceErrors only and never hangs, also with a hostile server.
 */
import { SECOND_MS } from "../../shared/clock.js";
import type { Media } from "../../shared/media/media.js";
import { refuseUnplayable } from "../../shared/media/playable.js";
import { type Limits, openBudget } from "../../shared/media/budget.js";
import type { Visitor } from "../../shared/media/http/bounded-fetch.js";
import { readHttp } from "../../shared/media/http/read-http.js";
import { get } from "./http-request.js";
import { readRtmp } from "./rtmp/rtmp.js";
import { isRtmp } from "./stream-url.js";

export type { Media } from "../../shared/media/media.js";

export type Probe = (streamUrl: string) => Promise<Media>;

/** As the Fetch standard says. */
const VISITOR: Visitor = { get, redirectsMax: 20 };

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
    const media = isRtmp(streamUrl)
      ? await readRtmp(streamUrl, budget)
      : await readHttp(streamUrl, budget, VISITOR);
    refuseUnplayable(media);
    return media;
  } catch (error) {
    throw budget.explain(error);
  } finally {
    budget.close();
  }
}
