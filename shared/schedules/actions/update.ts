/**
 * UpdateIngestSchedule: changes what is sent, and plans anew what has not begun, in one transaction.
 * What plays goes on.
 */
import { ApiError } from "../../contract/errors.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import type { Call, Services } from "../../ingest/services.js";
import { SAME_SECOND_MS } from "../../ingest/timing.js";
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
 * nothing again. Equal updates of one second share a TC3 signature. So one is a new update when it
 * comes soon after the first, with no update of another second between. Any other repeat under a
 * signature alone may come from an attacker.
 */
async function isRepeat(
  { machineClock }: Services,
  call: UpdateCall,
  { writes, isChange }: { writes: ScheduleWrites; isChange: boolean },
): Promise<boolean> {
  const { caller, request, signing } = call;
  const isToken = request.ClientToken !== undefined;
  const at = machineClock.now();
  const requestHash = hashOf(call);
  const name = nameOf(call);
  const use = (...words: string[]) =>
    writes.useName({ signature: JSON.stringify([...words, caller.Id, name]), requestHash, at });
  const known = name === null ? undefined : await use("schedule");
  if (known) refuseOtherRequest(call, known.requestHash);
  if (known && (isToken || !isChange)) return true;
  const second = isToken || signing?.second === undefined ? "" : String(signing.second);
  const last = { signature: JSON.stringify(["schedule second", request.ScheduleId]), at };
  const former = await writes.swapName({ ...last, requestHash: second });
  const isSoon = known && at.getTime() - known.usedAt.getTime() <= SAME_SECOND_MS;
  if (known && !(isSoon && second !== "" && former === second)) throw overtaken();
  // An SDK gives each request an id of its own, so the same id is the same request.
  const traceId = isToken ? undefined : signing?.traceId;
  const isTraced = traceId !== undefined && (await use("schedule trace", traceId)) !== undefined;
  return known !== undefined && isTraced;
}

const overtaken = (): ApiError =>
  new ApiError(
    "FailedOperation",
    "An update with this signature took effect before and newer ones followed, so this one changed nothing: sign it anew, or send a ClientToken with each update.",
  );
