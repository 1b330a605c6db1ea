/** Logs a call that TRTC refused. A timer's next run tries it again. */
import type { Ingest } from "../store/ingests/ingest-row.js";
import { TrtcError, withoutQueries } from "../trtc/trtc-error.js";
import type { Services } from "./services.js";

/** Writes TRTC's refusal to the log. Throws any other error. */
export function logTrtcFailure(
  { log }: Pick<Services, "log">,
  { taskId, callerId }: Pick<Ingest, "taskId" | "callerId">,
  error: unknown,
): asserts error is TrtcError {
  if (!(error instanceof TrtcError)) throw error;
  const detail = withoutQueries(error.message);
  log({ level: "warn", ingest: taskId, caller: callerId, outcome: error.code, detail });
}
