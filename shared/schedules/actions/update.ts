/**
 * UpdateIngestSchedule: changes what is sent, and plans anew what has not begun, in one transaction.
 * What plays goes on.
 */
import { ApiError } from "../../contract/errors.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import type { Call, Services } from "../../ingest/services.js";
import { sortedText } from "../../json.js";
import type { ScheduleWrites } from "../../store/schedules/operations.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import { checkOccurrences, checkRules } from "../check-schedule.js";
import { changedDefinition, placeOf } from "../definition.js";
import { nameTaken, ofCaller, unknownSchedule } from "../find.js";
import { editAndPlan } from "../planning/edit.js";
import { hashOf, nameOf, refuseOtherRequest } from "../request-name.js";
import { writtenAnswer } from "../upcoming.js";

type UpdateCall = Call<"UpdateIngestSchedule">;

export async function updateSchedule(
  services: Services,
  call: UpdateCall,
): Promise<ScheduleAnswers["UpdateIngestSchedule"]> {
  const { caller, request } = call;
  const keys = { callerId: caller.Id, scheduleId: request.ScheduleId };
  const edited = await editAndPlan(services, keys, (before, writes) =>
    changed(services, call, { before: ofCaller(before, caller), writes }),
  );
  switch (edited.outcome) {
    case "edited":
      return writtenAnswer(services, edited.schedule);
    case "name-taken":
      throw nameTaken();
    case "unknown":
      throw unknownSchedule();
  }
}

/** The same object where nothing changes. */
async function changed(
  services: Services,
  call: UpdateCall,
  { before, writes }: { before: Schedule; writes: ScheduleWrites },
): Promise<Schedule> {
  const after = afterRequest(before, call);
  const isChange = sortedText(after) !== sortedText(before);
  if (await isRepeat(services, call, { writes, isChange })) return before;
  if (!isChange) return before;
  if (after.definition !== before.definition) {
    checkRules(after.definition);
    checkOccurrences(services, call.caller, after);
  }
  return after;
}

function afterRequest(before: Schedule, { request }: UpdateCall): Schedule {
  const definition = changedDefinition(before.definition, request);
  const { Name: name = before.name, Comment: comment = before.comment } = request;
  const { State: state = before.state } = request;
  return { ...before, ...placeOf(definition), name, comment, state, definition };
}

/**
 * True for an update that took effect before. A newer one may have followed it, so it changes
 * nothing again. A repeat under a signature alone may come from an attacker.
 */
async function isRepeat(
  { machineClock }: Services,
  call: UpdateCall,
  { writes, isChange }: { writes: ScheduleWrites; isChange: boolean },
): Promise<boolean> {
  const name = nameOf(call);
  if (name === null) return false;
  const signature = JSON.stringify(["schedule", call.caller.Id, name]);
  const requestHash = hashOf(call);
  const known = await writes.useName({ signature, requestHash, at: machineClock.now() });
  if (!known) return false;
  refuseOtherRequest(call, known.requestHash);
  if (call.request.ClientToken === undefined && isChange) throw overtaken();
  return true;
}

const overtaken = (): ApiError =>
  new ApiError(
    "FailedOperation",
    "An update with this signature took effect before and newer ones followed, so this one changed nothing: sign it anew, or send a ClientToken with each update.",
  );
