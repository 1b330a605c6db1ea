/**
 * ListIngestOccurrences: what is planned for the next day, and what became of the last 90. Later
 * occurrences have no row yet: PreviewIngestSchedule computes them.
 */
import { cursorText, PAGE_LIMIT, writeCursor, wrongCursor } from "../../contract/cursors.js";
import { parseInstant } from "../../contract/instants.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import { isScheduleId } from "../../contract/schedules/fields.js";
import type { Call, Services } from "../../ingest/services.js";
import type { Occurrence } from "../../store/schedules/schedule-row.js";
import { findOwn } from "../find.js";
import { presentOccurrence } from "../present.js";

/** An unknown ScheduleId is an error. A deleted schedule's occurrences are listed without it. */
export async function listOccurrences(
  services: Services,
  { caller, request }: Call<"ListIngestOccurrences">,
): Promise<ScheduleAnswers["ListIngestOccurrences"]> {
  const { From, To, ScheduleId: scheduleId } = request;
  const limit = request.Limit ?? PAGE_LIMIT;
  const before = readCursor(request.Cursor);
  const from = From === undefined ? undefined : parseInstant("From", From);
  const to = To === undefined ? undefined : parseInstant("To", To);
  if (scheduleId !== undefined) await findOwn(services, caller, scheduleId, "deleted-too");
  const rows = await services.store.schedules.listOccurrences({
    callerId: caller.Id,
    scheduleId,
    sdkAppId: request.SdkAppId,
    roomId: request.RoomId,
    roomIdType: request.RoomIdType,
    state: request.State,
    from,
    to,
    before,
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const NextCursor =
    rows.length > limit && last
      ? writeCursor(`${last.nominalAt.getTime()} ${last.scheduleId}`)
      : null;
  return { Occurrences: page.map(presentOccurrence), NextCursor };
}

type Place = Pick<Occurrence, "nominalAt" | "scheduleId">;

function readCursor(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [ms = "", scheduleId = ""] = cursorText(cursor).split(" ");
  if (/^\d{1,15}$/.test(ms) && isScheduleId(scheduleId)) {
    return { nominalAt: new Date(Number(ms)), scheduleId };
  }
  throw wrongCursor();
}
