/** ListIngestSchedules: the caller's schedules, newest first. */
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import { isScheduleId } from "../../contract/schedules/fields.js";
import { wrongCursor } from "../../ingest/list.js";
import type { Call, Services } from "../../ingest/services.js";
import { presentSchedule } from "../present.js";

const LIMIT = 20;

export async function listSchedules(
  { store }: Services,
  { caller, request }: Call<"ListIngestSchedules">,
): Promise<ScheduleAnswers["ListIngestSchedules"]> {
  const limit = request.Limit ?? LIMIT;
  const rows = await store.schedules.list({
    callerId: caller.Id,
    sdkAppId: request.SdkAppId,
    roomId: request.RoomId,
    roomIdType: request.RoomIdType,
    name: request.Name,
    state: request.State,
    before: readCursor(request.Cursor),
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const NextCursor = rows.length > limit && last ? writeCursor(last.scheduleId) : null;
  return { Schedules: page.map(presentSchedule), NextCursor };
}

export const writeCursor = (scheduleId: string): string =>
  Buffer.from(scheduleId).toString("base64url");

export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const scheduleId = Buffer.from(cursor, "base64url").toString();
  if (isScheduleId(scheduleId)) return scheduleId;
  throw wrongCursor();
}
