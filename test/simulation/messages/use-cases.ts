/**
 * The function's own use cases. They report the outcome of each message, as callers do for the
 * other functions.
 */
import { asApiError } from "../../../shared/contract/errors.js";
import type { EventUseCases } from "../../../shared/cloud-events/call.js";
import type { Call, UseCase } from "../../../shared/ingest/services.js";
import { startIngest } from "../../../shared/ingest/start/start.js";
import { stopIngest } from "../../../shared/ingest/stop/stop.js";
import { updateIngest } from "../../../shared/ingest/update/update.js";
import { scheduleUseCases } from "../../../shared/schedules/use-cases.js";
import type { Action } from "../../../shared/contract/schemas.js";
import type { Asked } from "../checks/facts.js";
import type { Platform } from "../platform/platform.js";
import type { World } from "../platform/world.js";

export function eventUseCases({ facts }: World, platform: Platform): EventUseCases {
  const telling =
    <A extends Action>(verb: A, useCase: UseCase<A>): UseCase<A> =>
    async (services, call) => {
      const asked = { verb, ...askedBy(call) };
      try {
        const answer: Readonly<Record<string, unknown>> = { ...(await useCase(services, call)) };
        const taskId = asked.taskId ?? String(answer["TaskId"]);
        facts.tell({ kind: "answered", asked: { ...asked, taskId }, answer });
        return answer;
      } catch (thrown) {
        platform.judge(thrown);
        facts.tell({ kind: "refused", asked, error: asApiError(thrown) });
        throw thrown;
      }
    };
  return {
    StartStreamIngest: telling("StartStreamIngest", startIngest),
    StopStreamIngest: telling("StopStreamIngest", stopIngest),
    UpdateStreamIngest: telling("UpdateStreamIngest", updateIngest),
    ...scheduleUseCases,
  };
}

function askedBy<A extends Action>({ caller, request }: Call<A>): Omit<Asked, "verb"> {
  const { ClientToken, TaskId, StreamUrl } = request as Readonly<Record<string, string>>;
  const intent = TaskId ?? StreamUrl ?? "";
  return { callerId: caller.Id, intent, clientToken: ClientToken, taskId: TaskId };
}
