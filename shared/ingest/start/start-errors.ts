/** Errors and advice for the caller of a start. They depend on whether the start is repeatable. */
import { SECOND_MS } from "../../clock.js";
import type { Caller } from "../../config/configuration.js";
import { ApiError } from "../../contract/errors.js";
import { errorRow } from "../../contract/error-table.js";
import { type Ingest, isScheduled } from "../../store/ingests/ingest-row.js";
import type { OverQuota } from "../../store/ingests/quotas.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import { askedDeadline, type Bounds, limitAtOf } from "../lifecycle.js";
import type { Call } from "../services.js";

type Start = Call<"StartStreamIngest">;

/** The start must not count as failed. Its row stays, and reconcile-ingests completes it. */
export const unknownOutcome = (call: Start, detail?: string): ApiError =>
  new ApiError(
    "InternalError",
    `Whether the stream plays is not known yet: ${howToLearn(call)}`,
    detail === undefined ? {} : { detail },
  );

function howToLearn({ request, isMessage }: Start): string {
  if (isMessage === true) {
    return "reconcile-ingests finds out within a minute or two. The message is the same start when it is delivered or replayed again, and starts no second robot.";
  }
  if (request.ClientToken !== undefined) {
    return "send the same request with the same ClientToken again, or look it up with ListStreamIngests.";
  }
  return "a start without a ClientToken cannot be sent again, so it is taken back within a minute or two. See it ended with ListStreamIngests, then send a new start, best with a ClientToken.";
}

/**
 * True for our own failures and for a lost answer of the database. Other errors, such as TRTC's
 * refusal, mean that no task began.
 */
const mayHaveBegun = ({ code, cause }: ApiError): boolean =>
  code === "InternalError" ||
  (code === "ServiceUnavailable" && cause !== undefined && !(cause instanceof TrtcError));

/**
 * The same error, with advice for a start. A repeat without its ClientToken may make a second
 * robot. An error with its own advice keeps it.
 */
export function adviseStart(error: ApiError, { hasToken }: { hasToken: boolean }): ApiError {
  const { code, message, detail, cause } = error;
  const { advice } = errorRow(code);
  if (!mayHaveBegun(error) || message !== advice) return error;
  const [what] = advice.split(":");
  const words = hasToken
    ? `${what}: send the same request with the same ClientToken again.`
    : `${what}: see with ListStreamIngests whether the ingest is there before you send the start again, best with a ClientToken.`;
  return new ApiError(code, words, { ...(detail === undefined ? {} : { detail }), cause });
}

/** A stop ended the start, or requested its end, before its task was known. */
export const stoppedBefore = ({ request, isMessage }: Start): ApiError =>
  new ApiError(
    "FailedOperation.TaskFinished",
    `The ingest was stopped before its start was known to have worked: ${startAnother({ isMessage, hasToken: request.ClientToken !== undefined })}`,
  );

const startAnother = ({
  isMessage,
  hasToken,
}: {
  isMessage?: boolean | undefined;
  hasToken: boolean;
}): string => {
  if (isMessage === true) return "send a new message to start another.";
  return hasToken
    ? "send a new ClientToken to start another."
    : "sign the request anew to start another.";
};

/**
 * Two equal starts of one second have one signature without a ClientToken. The request may be
 * either of them. The TaskId of an ended ingest would mislead its caller.
 */
export const startedAndEnded = ({ endReason }: Ingest): ApiError =>
  new ApiError(
    "FailedOperation.TaskFinished",
    `What this signature started is over (${endReason ?? "lost"}), and it starts nothing twice: sign the request anew, or send a new ClientToken, to start another.`,
  );

/**
 * Returns a note when the caller's grant ends the ingest earlier than requested. Otherwise returns
 * `undefined`.
 */
export function shortened(ingest: Ingest, bounds: Bounds): string | undefined {
  const startAt = ingest.startedAt ?? ingest.startsAt ?? ingest.createdAt;
  const asked = askedDeadline(startAt, bounds);
  const grantedAt = limitAtOf(startAt, bounds);
  if (!asked || asked.getTime() <= grantedAt.getTime()) return undefined;
  return `The ingest ends earlier than was asked: asked for was ${asked.toISOString()}, and the caller's longest ingest of ${bounds.limitMinutes} minutes grants ${grantedAt.toISOString()}.`;
}

/** The figures of the limit that the start would pass. */
export function overQuota(
  { quota, count, freeInMs }: OverQuota,
  { MaxIngests = 0, StartsPerMinute = 0 }: Caller,
): ApiError {
  if (quota === "MaxIngests") {
    return new ApiError(
      "LimitExceeded",
      `The caller has ${count} ingests live and may have ${MaxIngests} (MaxIngests): stop one, or wait until one ends, and send the request again.`,
    );
  }
  const seconds = Math.max(1, Math.ceil(freeInMs / SECOND_MS));
  return new ApiError(
    "RequestLimitExceeded",
    `The caller has started ${count} ingests within a minute and may start ${StartsPerMinute} (StartsPerMinute): send the request again in ${seconds} s.`,
  );
}

/** The error hides the state and the reason of another caller's robot. */
export function robotBusy(ingest: Ingest, askedBy: string): ApiError {
  const why =
    ingest.callerId === askedBy ? ownRobotBusy(ingest) : "This UserId is not free: send another";
  return new ApiError(
    "FailedOperation.TaskExist",
    `${why}, or leave UserId out to get a robot of its own.`,
  );
}

/** The robot of an ended ingest leaves the room when no start of it can arrive any more. */
function ownRobotBusy(ingest: Ingest): string {
  const robot = `robot ${ingest.robotUserId}`;
  if (ingest.state === "ended") {
    return `A start of the ${robot} was not answered, so it may still enter a room: send the request again in ten minutes`;
  }
  if (isScheduled(ingest)) {
    return `The ${robot} is kept for the scheduled ingest ${ingest.taskId}: stop that ingest first`;
  }
  return `The ${robot} already plays in a room: stop that ingest first`;
}
