/** `list` and `timeline`: the caller's ingests, and what happened to one of them. */
import { EVENT_COLUMNS } from "../../local/terminal/events.js";
import { ingestColumns } from "../../local/terminal/ingests.js";
import { listCommand } from "./list-command.js";

export const list = listCommand({
  name: "list",
  action: "ListStreamIngests",
  description: `Lists the caller's ingests, newest first: ListStreamIngests. It asks no TRTC, so MediaState is what TRTC's
last callback said. A list has 20 ingests, or as many as --limit says (100 at most).`,
  examples: `
trtc-ingest list --state running
trtc-ingest list --room-id 8489 --room-id-type 1 --all --json | jq -r '.Response.Ingests[].TaskId'`,
  rows: "Ingests",
  things: "ingests",
  columns: ingestColumns,
});

export const timeline = listCommand({
  name: "timeline",
  action: "DescribeIngestTimeline",
  description: `Shows what happened to an ingest, oldest first: DescribeIngestTimeline. Each change has who made it, from
where, and its RequestId, which the log has too.`,
  examples: `
trtc-ingest timeline ing-…
trtc-ingest timeline ing-… --json | jq '.Response.Events[] | select(.Type == "ended")'`,
  positional: { field: "TaskId" },
  rows: "Events",
  things: "events",
  columns: () => EVENT_COLUMNS,
  isWhole: true,
});
