/**
 * Reads what a StreamUrl plays, for a start that asks for it. The build makes it a file of its own,
 * which a function loads at its first probe. So no other start pays for it.
 */
import { SECOND_MS } from "../clock.js";
import type { Reach } from "../network/open-request.js";
import { openBudget } from "./budget.js";
import { readHttp } from "./http/read-http.js";
import { refuseUnplayable } from "./playable.js";
import { publicGet } from "./public-get.js";
import {
  cutShort,
  notChecked,
  playable,
  type SourceVerdict,
  type SourceWords,
  verdictOf,
} from "./verdict.js";

export type { SourceVerdict, SourceWords } from "./verdict.js";

/** All requests together. The headers of most sources are far smaller. */
const BYTES_MAX = 2 * 1024 * 1024;

const REDIRECTS_MAX = 5;

/** A source that gives too little in this time is too slow to play. */
const TIME_MAX_MS = 5 * SECOND_MS;

/** In less time a source is not read: even a fast one may not answer. */
const TIME_MIN_MS = 200;

export interface SourceLimits extends Reach {
  /** The time that the caller has. */
  timeLeftMs: number;
  /** Default: those of ProbeSource. */
  words?: SourceWords | undefined;
  bytesMax?: number;
  timeMaxMs?: number;
}

/** Never throws, whatever a server does. */
export async function readSource(
  streamUrl: string,
  { timeLeftMs, words, timeMaxMs = TIME_MAX_MS, bytesMax = BYTES_MAX, ...reach }: SourceLimits,
): Promise<SourceVerdict> {
  if (/^rtmps?:/i.test(streamUrl)) return notChecked("RTMP is not checked.");
  if (timeLeftMs < TIME_MIN_MS) return cutShort("There is no time left for it.");
  const budget = openBudget({ bytesMax, timeLimitMs: Math.min(timeMaxMs, timeLeftMs) });
  const visitor = { get: publicGet(reach), redirectsMax: REDIRECTS_MAX };
  try {
    const media = await readHttp(streamUrl, budget, visitor);
    refuseUnplayable(media);
    return playable(media);
  } catch (error) {
    return verdictOf(budget.explain(error), { hadFullTime: timeLeftMs >= timeMaxMs, words });
  } finally {
    budget.close();
  }
}
