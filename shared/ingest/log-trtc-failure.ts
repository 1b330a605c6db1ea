/** What TRTC did not do now, and a timer's run comes back to. */
import type { Ingest } from "../store/ingests/ingest-row.js";
import { TrtcError, withoutQueries } from "../trtc/trtc-error.js";
import type { Services } from "./services.js";

/** Says so in the log, under the door's name. Throws what is no refusal of TRTC's. */
export function logTrtcFailure(
  { log }: Pick<Services, "log">,
  { ingest, event }: { ingest: Pick<Ingest, "taskId" | "callerId">; event: string },
  error: unknown,
): void {
  if (!(error instanceof TrtcError)) throw error;
  const { taskId, callerId } = ingest;
  const detail = withoutQueries(error.message);
  log({ level: "warn", event, ingest: taskId, caller: callerId, outcome: error.code, detail });
}
