/** What TRTC's events say about the source that is on air. */
import { MINUTE_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { FAILED_FOR_GOOD } from "../../store/ingests/media.js";
import type { OnAir } from "../../store/programmes/programme-row.js";
import { afterFailure } from "./next-step.js";

/** The same minute as in `failedTimes` of the store. */
const WITHIN_MS = MINUTE_MS;

/** TRTC has failed to open the source as often as it tries. */
function hasFailedForGood({ mediaFailures }: Pick<Ingest, "mediaFailures">): boolean {
  const times = mediaFailures.map((failure) => new Date(failure).getTime());
  return times.some(
    (first) =>
      times.filter((time) => time >= first && time <= first + WITHIN_MS).length >= FAILED_FOR_GOOD,
  );
}

/**
 * The time that a step decides for. Clocks of instances differ. After a switch no instance decides
 * for a time before it, or one whose clock is behind would bring the item before back.
 */
export function decisionTime({ onAir }: Pick<Ingest, "onAir">, now: Date): Date {
  const since = onAir ? new Date(onAir.since) : now;
  return since > now ? since : now;
}

/** `null` without a programme, and before its first start. */
export function asReported(ingest: Ingest, at: Date): OnAir | null {
  const { onAir } = ingest;
  if (!onAir) return null;
  if (hasFailedForGood(ingest)) return afterFailure(onAir, at);
  return isWellAgain(ingest, onAir) ? withoutFailure(onAir) : onAir;
}

/** The source that was tried again plays. */
function isWellAgain({ mediaState, mediaAt }: Ingest, { failed, source }: OnAir): boolean {
  const failure = failed[source];
  if (!failure || failure.nextAt === null || mediaState !== "playing" || !mediaAt) return false;
  return mediaAt > new Date(failure.at);
}

function withoutFailure(onAir: OnAir): OnAir {
  const { [onAir.source]: _well, ...failed } = onAir.failed;
  return { ...onAir, failed };
}
