/**
 * DeleteIngestSchedule: cancels what has not begun. What plays goes on to its end, unless StopRunning
 * is sent. A start whose request is on its way to TRTC counts as playing. A second delete is a
 * success, and stops what the first one left.
 */
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import type { Call, Services } from "../../ingest/services.js";
import { stopIngest } from "../../ingest/stop/stop.js";
import type { ShownState } from "../../store/schedules/occurrences.js";
import { ofCaller, unknownSchedule } from "../find.js";
import { editAndPlan } from "../planning/edit.js";

/** One schedule rarely has two occurrences on air. */
const RUNNING_MAX = 100;

type DeleteCall = Call<"DeleteIngestSchedule">;

export async function deleteSchedule(
  services: Services,
  call: DeleteCall,
): Promise<ScheduleAnswers["DeleteIngestSchedule"]> {
  const { caller, request } = call;
  const keys = { callerId: caller.Id, scheduleId: request.ScheduleId };
  const known = await services.store.schedules.read(keys);
  if (!known) throw unknownSchedule();
  ofCaller(known, caller);
  await editAndPlan(services, keys, (before) => ({ ...before, state: "Deleted" }));
  if (request.StopRunning === true) await stopRunning(services, call);
  return {};
}

/** Throws ApiError where a stop is not certain. Its end is asked for by then. */
async function stopRunning(
  services: Services,
  { caller, request, timeLeftMs, isMessage }: DeleteCall,
): Promise<void> {
  const list = (state: ShownState) =>
    services.store.schedules.listOccurrences({
      callerId: caller.Id,
      scheduleId: request.ScheduleId,
      state,
      limit: RUNNING_MAX,
    });
  // The delete has cancelled what waits. What is still planned is being started, and may play
  // before the second list, so it is listed first.
  const live = [...(await list("Planned")), ...(await list("Running"))];
  const taskIds = new Set(live.flatMap(({ taskId }) => (taskId === null ? [] : [taskId])));
  const stops = [...taskIds].map((TaskId) =>
    stopIngest(services, {
      caller,
      request: { TaskId },
      application: undefined,
      isMessage,
      timeLeftMs,
    }),
  );
  const failed = (await Promise.allSettled(stops)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
