/** Explains in one sentence why an ingest ended. A pure function of its row. */
import { MINUTE_MS } from "../clock.js";
import type { EndCause, EndReason, Ingest, RemovalCause } from "../store/ingests/ingest-row.js";
import { withoutQueries } from "../trtc/trtc-error.js";

/** The columns that the sentence needs. */
export type EndFacts = Pick<
  Ingest,
  | "endReason"
  | "endCause"
  | "failureCode"
  | "failureMessage"
  | "startsAt"
  | "startedAt"
  | "deadlineAt"
  | "stopAskedAt"
  | "endedAt"
  | "pausedAt"
  | "emptySeconds"
  | "occurrence"
> & { failures: number };

/** Our code for a source that TRTC could not open. TRTC has no such code. */
const SOURCE_NOT_OPENED = "FailedOperation.SourceNotOpened";

/** Null before the end. */
export const endDetail = (facts: EndFacts): string | null =>
  facts.endedAt === null || facts.endReason === null ? null : SENTENCES[facts.endReason](facts);

/** The same of a whole row. */
export const endDetailOf = (ingest: Ingest): string | null =>
  endDetail({ ...ingest, failures: ingest.mediaFailures.length });

/** The error code of the start, or of a source that failed later. */
export function failureCodeOf(
  facts: Pick<EndFacts, "endReason" | "failureCode" | "startedAt" | "endedAt">,
): string | null {
  const { endReason, failureCode, startedAt, endedAt } = facts;
  const isSource = endedAt !== null && endReason === "failed" && startedAt !== null;
  return failureCode ?? (isSource ? SOURCE_NOT_OPENED : null);
}

const SENTENCES: Readonly<Record<EndReason, (facts: EndFacts) => string>> = {
  stopped: stoppedDetail,
  expired: expiredDetail,
  finished: () => "The source came to its end, as often as RepeatNum says, or the whole list did.",
  failed: failedDetail,
  lost: () => "TRTC knows the task no more and gave no reason.",
  empty: ({ emptySeconds }) =>
    `No viewer was in the room for ${emptySeconds ?? 0} s (StopWhenEmptySeconds).`,
};

function stoppedDetail(facts: EndFacts): string {
  const { endCause, startsAt, startedAt, stopAskedAt, pausedAt } = facts;
  if (endCause === "room-dismissed") return "The room was dismissed.";
  if (endCause === "cut") return cutDetail(facts);
  if (endCause === "robot-removed") {
    return "The robot was removed from the room by another than this service.";
  }
  if (stopAskedAt === null && pausedAt !== null) {
    return `TRTC ended the task: it was paused for over 12 hours, since ${pausedAt.toISOString()}.`;
  }
  const asked = endCause === null ? "A stop was asked for" : `${ASKERS[endCause]} asked for a stop`;
  if (startedAt === null && startsAt !== null && stopAskedAt !== null && stopAskedAt < startsAt) {
    return `${asked} before its StartTime.`;
  }
  if (startedAt === null) return `${asked} before the start was known to have worked.`;
  return stopAskedAt === null ? `${asked}.` : `${asked} at ${stopAskedAt.toISOString()}.`;
}

/** Another occurrence has the room. */
function cutDetail(facts: EndFacts): string {
  const { occurrence, startedAt, stopAskedAt, endedAt, deadlineAt } = facts;
  const { by = "of another schedule", reason = "Overlap", until } = occurrence?.cut ?? {};
  const other = `The occurrence ${by}`;
  if (reason === "Extended") {
    const isShort = until !== undefined && new Date(until) < deadlineAt;
    return isShort
      ? `${other} plays on in its room (OverlapPolicy Extend), but only until ${until}, because it may not last longer.`
      : `${other} plays on in its room until the end of this one (OverlapPolicy Extend).`;
  }
  const why = reason === "LowerPriority" ? ", because its Priority is higher" : "";
  if (startedAt === null) return `${other} has the room at this time${why}.`;
  const at = (stopAskedAt ?? endedAt)?.toISOString() ?? "";
  return `${other} took its place in the room at ${at}${why}.`;
}

const ASKERS: Readonly<Record<Exclude<EndCause, RemovalCause | "cut">, string>> = {
  caller: "A request of the caller",
  event: "A queue message or cloud event",
  schedule: "A change of its schedule",
  // A start with a stop request may also have this cause.
  "start-given-up": "Somebody",
  // A missed start has failed, so no stop has this cause.
  missed: "Somebody",
  budget: "A spent budget with Enforce",
};

function expiredDetail({ deadlineAt, stopAskedAt, endedAt }: EndFacts): string {
  const deadline = deadlineAt.toISOString();
  if (stopAskedAt === null) {
    return `TRTC ended the task at its MaxDuration, or the deadline ${deadline} came before another task could follow.`;
  }
  const lateMs = Math.max(0, (endedAt?.getTime() ?? 0) - deadlineAt.getTime());
  return `The deadline ${deadline} came; the stop was done ${lateMs} ms after it.`;
}

function failedDetail(facts: EndFacts): string {
  const { endCause, failureCode, failureMessage, startedAt, failures } = facts;
  if (endCause === "start-given-up") {
    return "The start was given up: TRTC did not answer in time whether the stream plays, so the robot was taken out of the room.";
  }
  if (failureCode !== null) {
    return `The start failed with ${failureCode}: ${withoutQueries(failureMessage ?? "no message was given.")}`;
  }
  if (startedAt === null) return "The start failed.";
  const times = failures > 0 ? `${failures} times` : "three times";
  return `TRTC could not open the source ${times} within ${MINUTE_MS / 1000} s, and does not tell why: check that StreamUrl answers from the internet with a supported format.`;
}
