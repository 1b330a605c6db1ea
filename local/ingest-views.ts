/** The ingests behind TRTC's tasks for the room pages, in the form of our own answers. */
import { SECOND_MS } from "../shared/clock.js";
import { present, type PresentedIngest } from "../shared/ingest/present.js";
import type { Query } from "../shared/store/engine/database.js";
import { ingestsOfTasks } from "../shared/store/ingests/reads.js";
import type { Ingest } from "../shared/store/ingests/ingest-row.js";
import { shortUrl } from "../emulator/page/format.js";
import type { IngestView, ProgrammeView } from "../emulator/page/view.js";

/** By TRTC's TaskId. */
export async function ingestViews(
  query: Query,
  trtcTaskIds: readonly string[],
  now: Date,
): Promise<Map<string, IngestView>> {
  const views = new Map<string, IngestView>();
  for (const ingest of await ingestsOfTasks(query, trtcTaskIds)) {
    const presented = present(ingest, now);
    const { TrtcTaskId, TaskId: taskId, Deadline: deadline } = presented;
    const { EndReason: endReason, EndDetail: endDetail } = presented;
    const programme = programmeView(ingest, presented, now);
    if (TrtcTaskId === null) continue;
    views.set(TrtcTaskId, { taskId, deadline, endReason, endDetail, programme });
  }
  return views;
}

function programmeView(
  { programme, pausedAt }: Ingest,
  { Item, NextItem, Source }: PresentedIngest,
  now: Date,
): ProgrammeView | null {
  if (!programme || Source === null) return null;
  if (!programme.isList && Source === "primary") return null;
  return {
    item: Item && {
      number: Item.Index + 1,
      count: programme.items.length,
      name: nameOf(Item),
      // The clock of a list stands still in a pause.
      passedSeconds: secondsBetween(Item.StartedAt, (pausedAt ?? now).toISOString()),
      lengthSeconds: Item.EndsAt === null ? null : secondsBetween(Item.StartedAt, Item.EndsAt),
    },
    next: NextItem && { name: nameOf(NextItem), startsAt: NextItem.StartsAt },
    source: Source,
  };
}

const nameOf = ({ Title, StreamUrl }: { Title: string | null; StreamUrl: string }): string =>
  Title ?? shortUrl(StreamUrl);

const secondsBetween = (from: string, until: string): number =>
  Math.max(0, Date.parse(until) - Date.parse(from)) / SECOND_MS;
