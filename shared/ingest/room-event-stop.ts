/** A stop that an event asks for. */
import type { EndReason, Ingest } from "../store/ingest-row.js";
import { TrtcError, withoutQueries } from "../trtc/trtc-error.js";
import { endTask, stopTiming } from "./end-task.js";
import type { Taken } from "./room-event.js";
import type { Services } from "./services.js";

/**
 * Written down at once: what the follow-up does not bring about is due, and is done by the next run
 * of expire-ingests. No follow-up when somebody else is at it.
 */
export async function stopForEvent(
  services: Services,
  { taskId }: Pick<Ingest, "taskId">,
  { reason, timeLeftMs }: { reason: EndReason; timeLeftMs: () => number },
): Promise<Taken["followUp"]> {
  const { store, clock, trtc } = services;
  await trtc.ready();
  const askedAt = clock.now();
  const begun = await store.beginStop({ taskId, reason, ...stopTiming(askedAt, timeLeftMs) });
  if (!begun) return undefined;
  return async (left) => {
    try {
      await endTask(services, { ...begun, askedAt, timeLeftMs: left });
    } catch (error) {
      passOver(services, begun.ingest, error);
    }
  };
}

/** Only what TRTC did: a timer's run comes back to it. */
export function passOver({ log }: Services, { taskId, callerId }: Ingest, error: unknown): void {
  if (!(error instanceof TrtcError)) throw error;
  const detail = withoutQueries(error.message);
  const line = { ingest: taskId, caller: callerId, outcome: error.code, detail };
  log({ level: "warn", event: "room-callback", ...line });
}
