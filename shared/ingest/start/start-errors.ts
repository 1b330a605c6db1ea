/** What a start's caller is told beside its answer: each word fits whether it can be sent again. */
import { addMs, MINUTE_MS } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import { errorRow } from "../../contract/error-table.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import { askedDeadline, type Bounds } from "../lifecycle.js";
import type { Call } from "../services.js";

type Start = Call<"StartStreamIngest">;

/** Nobody may call this start failed: the row stays, and is settled. */
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
  return "without a ClientToken nobody can send this start again, so it is taken back within a minute or two. See it ended with ListStreamIngests, then send a new start, best with a ClientToken.";
}

/** Our own failures, and a lost statement's; without a cause, or by TRTC's refusal, nothing was begun. */
const mayHaveBegun = ({ code, cause }: ApiError): boolean =>
  code === "InternalError" ||
  (code === "ServiceUnavailable" && cause !== undefined && !(cause instanceof TrtcError));

/**
 * The same error, with advice that fits a start: sent again without its ClientToken it may make a
 * second robot. An error with words of its own keeps them.
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

/** It was stopped, or its stop was asked for, before anybody knew of a task. */
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
 * Without a ClientToken two equal starts of one second have one signature. Which of them it is
 * nobody can tell, and an ended TaskId is no stream that plays.
 */
export const startedAndEnded = ({ endReason }: Ingest): ApiError =>
  new ApiError(
    "FailedOperation.TaskFinished",
    `What this signature started is over (${endReason ?? "lost"}), and it starts nothing twice: sign the request anew, or send a new ClientToken, to start another.`,
  );

/** Where the caller's grant ends it earlier than was asked; `undefined`: it does not. */
export function shortened(ingest: Ingest, bounds: Bounds): string | undefined {
  const startAt = ingest.startedAt ?? ingest.createdAt;
  const asked = askedDeadline(startAt, bounds);
  const grantedAt = addMs(startAt, bounds.limitMinutes * MINUTE_MS);
  if (!asked || asked.getTime() <= grantedAt.getTime()) return undefined;
  return `The ingest ends earlier than was asked: asked for was ${asked.toISOString()}, and the caller's longest ingest of ${bounds.limitMinutes} minutes grants ${grantedAt.toISOString()}.`;
}
