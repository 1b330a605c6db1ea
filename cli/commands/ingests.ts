/** `start`, `update` and `describe`: one action of one ingest each. */
import { pageLines, textOf } from "../../local/terminal/ingests.js";
import { linesFor, type Column } from "../../local/terminal/table.js";
import { whenFor } from "../../local/terminal/times.js";
import type { Json } from "../../shared/json.js";
import type { Io } from "../../local/terminal/io.js";
import { actionCommand } from "./action-command.js";

const startColumns = (io: Io): Column<Json>[] => [
  { title: "TASK", cell: ({ TaskId }) => textOf(TaskId) },
  { title: "STATE", cell: ({ State }) => textOf(State ?? "running") },
  { title: "ROBOT", cell: ({ UserId }) => textOf(UserId) },
  { title: "START", cell: ({ StartTime }) => whenFor(io, StartTime) },
  { title: "END", cell: ({ Deadline }) => whenFor(io, Deadline) },
  { title: "WARNING", cell: ({ Warning }) => textOf(Warning), colour: () => "yellow" },
];

export const start = actionCommand({
  name: "start",
  action: "StartStreamIngest",
  description: `Plays a stream in a room: StartStreamIngest. A start that gets no answer is sent again under its own
ClientToken, so it never brings a second robot. Prints the TaskId first.

UserSig and PrivateMapKey are secret: leave them out and they are signed for you, or send them by --json-body.`,
  examples: `
trtc-ingest start --sdk-app-id 1400000000 --room-id 8489 --stream-url https://media.example/clip.mp4 --max-duration 90
trtc-ingest start --json-body @start.json --start-time 2026-12-24T18:00:00+01:00
sign-url | jq '{SdkAppId:1400000000,RoomId:"8489",StreamUrl:.}' | trtc-ingest start --json-body -`,
  lines: (response, io) => linesFor(io, startColumns(io), [response]),
});

const updateColumns = (io: Io): Column<Json>[] => [
  { title: "STATUS", cell: ({ Status }) => textOf(Status) },
  { title: "END", cell: ({ Deadline }) => whenFor(io, Deadline) },
];

export const update = actionCommand({
  name: "update",
  action: "UpdateStreamIngest",
  description:
    "Changes what an ingest plays or will play, pauses it, or moves its times: UpdateStreamIngest.",
  examples: `
trtc-ingest update ing-… --stop-time 2026-12-24T20:30:00+01:00
trtc-ingest update ing-… --is-pause
trtc-ingest update ing-… --no-is-pause
trtc-ingest update ing-… --playlist @evening.json --playlist-refresh Now`,
  positional: [{ field: "TaskId" }],
  lines: (response, io) => linesFor(io, updateColumns(io), [response]),
});

export const describe = actionCommand({
  name: "describe",
  action: "DescribeStreamIngest",
  description: "Shows all that is known of an ingest: DescribeStreamIngest, which asks TRTC.",
  examples: `
trtc-ingest describe ing-…
trtc-ingest describe ing-… --json | jq -r .Response.State`,
  positional: [{ field: "TaskId" }],
  lines: (response, io) => pageLines(io, response),
});
