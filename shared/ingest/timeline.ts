/** DescribeIngestTimeline: who changed an ingest, when and how. TRTC has no such action. */
import { cursorText, PAGE_LIMIT, writeCursor, wrongCursor } from "../contract/cursors.js";
import type { TimelineAnswer } from "../contract/timeline.js";
import type { IngestEvent } from "../store/history/ingest-event.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { endDetailOf } from "./end-detail.js";
import { findOwn } from "./find.js";
import type { Call, Services } from "./services.js";

export async function describeTimeline(
  services: Services,
  call: Call<"DescribeIngestTimeline">,
): Promise<TimelineAnswer> {
  const page = timelinePage(call.request);
  return timelineOf(services, await findOwn(services, call), page);
}

interface TimelinePage {
  /** The Sequence of the last event of the page before. */
  after: number;
  limit: number;
}

/** Throws ApiError for a cursor that is none of ours. */
export const timelinePage = ({
  Limit: limit = PAGE_LIMIT,
  Cursor,
}: {
  Limit?: number;
  Cursor?: string;
}): TimelinePage => ({ after: readCursor(Cursor), limit });

/** The history of an ingest that the sender may see. */
export async function timelineOf(
  { store }: Services,
  ingest: Ingest,
  { after, limit }: TimelinePage,
): Promise<TimelineAnswer> {
  const { taskId } = ingest;
  const events = await store.history.list({ taskId, after, limit: limit + 1 });
  const page = events.slice(0, limit);
  const last = page.at(-1);
  const NextCursor = events.length > limit && last ? writeCursor(`after ${last.sequence}`) : null;
  return { Events: page.map((event) => presentEvent(event, ingest)), NextCursor };
}

/** The end has its sentence. The row has what that needs, and knows its present EndReason only. */
export function presentEvent(event: IngestEvent, ingest: Ingest) {
  const shown = withoutDetail(event);
  // A stop has written the reason before the end.
  const { EndReason = ingest.endReason } = shown.After;
  const isEnd = event.type === "ended" && EndReason === ingest.endReason;
  const EndDetail = isEnd ? endDetailOf(ingest) : null;
  return EndDetail === null ? shown : { ...shown, After: { ...shown.After, EndDetail } };
}

const withoutDetail = ({ sequence, happenedAt, type, actor, before, after }: IngestEvent) => ({
  Sequence: sequence,
  Time: happenedAt.toISOString(),
  Type: type,
  Actor: actor && {
    Kind: actor.kind,
    Id: actor.id,
    Function: actor.function,
    From: actor.from ?? null,
    RequestId: actor.requestId ?? null,
  },
  Before: { ...before } as Readonly<Record<string, unknown>>,
  After: { ...after } as Readonly<Record<string, unknown>>,
});

function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const [, sequence] = /^after (\d{1,9})$/.exec(cursorText(cursor)) ?? [];
  if (sequence === undefined) throw wrongCursor();
  return Number(sequence);
}
