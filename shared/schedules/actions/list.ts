/** ListIngestSchedules: the caller's schedules, newest first. */
import { cursorText, PAGE_LIMIT, writeCursor, wrongCursor } from "../../contract/cursors.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import { isScheduleId } from "../../contract/schedules/fields.js";
import type { Call, Services } from "../../ingest/services.js";
import { presentSchedule } from "../present.js";

export async function listSchedules(
  { store }: Services,
  { caller, request }: Call<"ListIngestSchedules">,
): Promise<ScheduleAnswers["ListIngestSchedules"]> {
  const limit = request.Limit ?? PAGE_LIMIT;
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

export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const scheduleId = cursorText(cursor);
  if (isScheduleId(scheduleId)) return scheduleId;
  throw wrongCursor();
}
