/** Says why one of many ingests was not changed, so that its failure does not hide the others. */
import { ApiError, asApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import type { Ingest } from "../store/ingests/ingest-row.js";

/** The message for the operator. A fault of ours is in the log, as for a request of its own. */
export function whyNot(
  { log }: Pick<Services, "log">,
  { taskId, callerId }: Pick<Ingest, "taskId" | "callerId">,
  error: unknown,
): string {
  const { code, message, detail } = asApiError(error);
  if (!(error instanceof ApiError)) {
    log({ level: "error", ingest: taskId, caller: callerId, outcome: code, detail });
  }
  return message;
}
