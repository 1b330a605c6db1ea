/** What the console asks about schedules. */
import { callApi, change, operator } from "./ingests.js";
import type { Session } from "./session.js";
import type { Conflict, Occurrence, Previewed, Schedule } from "./types.js";

interface Page<T> {
  rows: T[];
  NextCursor: string | null;
}

/** Several pages in a row. */
export interface Rows<T> {
  rows: T[];
  /** True when there are more. */
  isCut: boolean;
}

const PAGES_MAX = 5;
const LIMIT = 100;

async function pages<T>(load: (cursor: Record<string, unknown>) => Promise<Page<T>>) {
  const rows: T[] = [];
  let cursor: Record<string, unknown> = {};
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { rows: more, NextCursor } = await load(cursor);
    rows.push(...more);
    if (NextCursor === null) return { rows, isCut: false };
    cursor = { Cursor: NextCursor };
  }
  return { rows, isCut: true };
}

interface Schedules {
  Schedules: Schedule[];
  NextCursor: string | null;
}

export const listSchedules = (session: Session): Promise<Rows<Schedule>> =>
  pages(async (cursor) => {
    const body = { Limit: LIMIT, ...cursor };
    const { Schedules: rows, NextCursor } =
      session.kind === "caller"
        ? await callApi<Schedules>(session, "ListIngestSchedules", body)
        : await operator<Schedules>(session, "ListSchedules", body);
    return { rows, NextCursor };
  });

interface Occurrences {
  Occurrences: Occurrence[];
  NextCursor: string | null;
}

interface Span {
  from: Date;
  to: Date;
}

/** Of a caller. An operator names it. */
export const listOccurrences = (session: Session, callerId: string, { from, to }: Span) =>
  pages<Occurrence>(async (cursor) => {
    const body = { From: from.toISOString(), To: to.toISOString(), Limit: LIMIT, ...cursor };
    const answer =
      session.kind === "caller"
        ? await callApi<Occurrences>(session, "ListIngestOccurrences", body)
        : await operator<Occurrences>(session, "ListOccurrences", { CallerId: callerId, ...body });
    return { rows: answer.Occurrences, NextCursor: answer.NextCursor };
  });

interface Preview {
  Occurrences: Previewed[];
  Conflicts: Conflict[];
}

/** A week with an occurrence every ten minutes has 1,008. */
const PREVIEWS_MAX = 10;

/** What the rules give between two instants. A preview has no cursor: the next one begins later. */
export async function previewSchedule(
  session: Session,
  { ScheduleId, CallerId }: Schedule,
  { from, to }: Span,
): Promise<Preview & { isCut: boolean }> {
  const all: Preview = { Occurrences: [], Conflicts: [] };
  let From = from.toISOString();
  for (let page = 0; page < PREVIEWS_MAX; page += 1) {
    const body = { ScheduleId, From, Count: LIMIT };
    const preview =
      session.kind === "caller"
        ? await callApi<Preview>(session, "PreviewIngestSchedule", body)
        : await operator<Preview>(session, "PreviewSchedule", { CallerId, ...body });
    all.Occurrences.push(...preview.Occurrences);
    all.Conflicts.push(...preview.Conflicts);
    const last = preview.Occurrences.at(-1);
    const isLast = preview.Occurrences.length < LIMIT || last === undefined;
    if (isLast || Date.parse(last.StartTime) >= to.getTime()) return { ...all, isCut: false };
    From = new Date(Date.parse(last.StartTime) + 1).toISOString();
  }
  return { ...all, isCut: true };
}

export const skipOccurrence = (session: Session, ScheduleId: string, StartTime: string) =>
  change(callApi(session, "SkipIngestOccurrence", { ScheduleId, StartTime }));

export const runSchedule = (session: Session, ScheduleId: string) =>
  change(callApi<Occurrence>(session, "RunIngestSchedule", { ScheduleId }));
