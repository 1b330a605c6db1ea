/** CreateIngestSchedule: writes a schedule, and plans its next day in the same transaction. */
import { RUNTIME_ZONES } from "../../calendar/zones.js";
import { ApiError } from "../../contract/errors.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import { SCHEDULE_DEFAULTS } from "../../contract/schedules/fields.js";
import { newScheduleId } from "../../ingest/ids.js";
import type { Call, Services } from "../../ingest/services.js";
import type { NewSchedule } from "../../store/schedules/writes.js";
import { checkOccurrences, checkRules, refuseWithoutStart } from "../check-schedule.js";
import { definitionOf, placeOf } from "../definition.js";
import { nameTaken } from "../find.js";
import { createAndPlan } from "../planning/edit.js";
import { hashOf, nameOf, refuseOtherRequest } from "../request-name.js";
import { writtenAnswer } from "../upcoming.js";

/** Enough for one schedule in each of a caller's rooms. Planning has a bounded cost for a caller. */
export const SCHEDULES_MAX = 1_000;

type CreateCall = Call<"CreateIngestSchedule">;

export async function createSchedule(
  services: Services,
  call: CreateCall,
): Promise<ScheduleAnswers["CreateIngestSchedule"]> {
  const row = newSchedule(services, call);
  const refusal = await refusalOf(services, call, row);
  // A repeat gets its answer although the request would be refused by now.
  const inserted = refusal
    ? await services.store.schedules.findByToken(row)
    : await createAndPlan(services, row);
  if (!inserted) throw refusal ?? nameTaken();
  if ("outcome" in inserted && inserted.outcome === "name-taken") throw nameTaken();
  const schedule = "outcome" in inserted ? inserted.schedule : inserted;
  refuseOtherRequest(call, schedule.requestHash);
  if (schedule.state === "Deleted") throw deletedSince(call);
  return writtenAnswer(services, schedule);
}

function newSchedule(
  { clock, randomBytes, zones = RUNTIME_ZONES }: Services,
  call: CreateCall,
): NewSchedule {
  const { request, caller } = call;
  const now = clock.now();
  const definition = definitionOf(request);
  return {
    scheduleId: newScheduleId(now, randomBytes),
    callerId: caller.Id,
    ...placeOf(definition),
    name: request.Name,
    comment: request.Comment ?? SCHEDULE_DEFAULTS.Comment,
    state: request.State ?? SCHEDULE_DEFAULTS.State,
    pausedBecause: null,
    definition,
    clientToken: nameOf(call),
    requestHash: hashOf(call),
    tzdata: zones.version,
    plannedUntil: now,
    notified: caller.receiver === undefined ? null : 0,
    createdAt: now,
    updatedAt: now,
  };
}

async function refusalOf(
  services: Services,
  { caller }: CreateCall,
  row: NewSchedule,
): Promise<ApiError | undefined> {
  try {
    checkRules(row.definition);
    refuseWithoutStart(row.definition, services.clock.now());
    checkOccurrences(services, caller, { ...row, revision: 1, planAt: null, failures: 0 });
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  const count = await services.store.schedules.count(caller.Id);
  return count < SCHEDULES_MAX ? undefined : tooMany(count);
}

const tooMany = (count: number): ApiError =>
  new ApiError(
    "LimitExceeded",
    `The caller has ${count} schedules and may have ${SCHEDULES_MAX}: delete one with DeleteIngestSchedule, and send the request again.`,
  );

const deletedSince = ({ request }: CreateCall): ApiError =>
  new ApiError(
    "ResourceNotFound",
    `The schedule that this request created has been deleted: ${
      request.ClientToken === undefined ? "sign the request anew" : "send a new ClientToken"
    } to create another.`,
  );
