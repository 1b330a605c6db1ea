/** `schedules …`: windows that come again. One action each. */
import type { Json } from "../../shared/json.js";
import { isObject } from "../../shared/json.js";
import type { Io } from "../../local/terminal/io.js";
import { pageLines, rowsOf, textOf } from "../../local/terminal/ingests.js";
import { type Column, linesFor } from "../../local/terminal/table.js";
import { whenFor } from "../../local/terminal/times.js";
import { actionCommand, type ActionSpec } from "./action-command.js";
import { listCommand, type ListSpec } from "./list-command.js";

const scheduleColumns: Column<Json>[] = [
  { title: "SCHEDULE", cell: ({ ScheduleId }) => textOf(ScheduleId) },
  {
    title: "STATE",
    cell: ({ State }) => textOf(State),
    colour: ({ State }) => (State === "Paused" ? "yellow" : "green"),
  },
  {
    title: "ROOM",
    cell: ({ Ingest }) => (isObject(Ingest) ? textOf(Ingest["RoomId"]) : ""),
  },
  { title: "ZONE", cell: ({ TimeZone }) => textOf(TimeZone) },
  { title: "NAME", cell: ({ Name }) => textOf(Name) },
];

const occurrenceColumns = (io: Io): Column<Json>[] => [
  { title: "SCHEDULE", cell: ({ ScheduleId }) => textOf(ScheduleId) },
  {
    title: "STATE",
    cell: ({ State }) => textOf(State),
    colour: ({ State }) => (State === "Failed" || State === "Missed" ? "red" : undefined),
  },
  { title: "START", cell: ({ StartTime }) => whenFor(io, StartTime) },
  { title: "END", cell: ({ EndTime }) => whenFor(io, EndTime) },
  { title: "TASK", cell: ({ TaskId }) => textOf(TaskId) },
  { title: "WHY", cell: ({ Detail, Reason }) => textOf(Detail ?? Reason) },
];

const previewColumns: Column<Json>[] = [
  { title: "START", cell: ({ LocalStart }) => textOf(LocalStart) },
  { title: "END", cell: ({ LocalEnd }) => textOf(LocalEnd) },
  {
    title: "SKIPPED",
    cell: ({ Skipped }) => textOf(Skipped),
    colour: () => "yellow",
  },
  { title: "NOTE", cell: ({ Note }) => textOf(Note) },
];

const previewLines: ActionSpec["lines"] = (response, io) =>
  linesFor(io, previewColumns, rowsOf(response["Occurrences"]));

const page: ActionSpec["lines"] = (response, io) => pageLines(io, response);

const ID = { field: "ScheduleId" };

const SPECS = {
  create: {
    name: "schedules create",
    action: "CreateIngestSchedule",
    description:
      "Creates a schedule: an ingest in windows that come again, by the clock of a place.",
    examples: `
trtc-ingest schedules create --json-body @lessons.json
trtc-ingest schedules create --name Lessons --time-zone Europe/Berlin --ingest @lesson.json \\
  --windows '[{"Recurrence":"0 9 * * 1-5","EndAt":"11:30"}]'`,
    lines: page,
  },
  describe: {
    name: "schedules describe",
    action: "DescribeIngestSchedule",
    description: "Shows a schedule.",
    examples: "trtc-ingest schedules describe schedule-…",
    positional: [ID],
    lines: page,
  },
  update: {
    name: "schedules update",
    action: "UpdateIngestSchedule",
    description: "Changes a schedule, pauses it, or enables it again.",
    examples: `
trtc-ingest schedules update schedule-… --state Paused
trtc-ingest schedules update schedule-… --exclude-dates 2026-12-25,2026-12-26`,
    positional: [ID],
    lines: page,
  },
  delete: {
    name: "schedules delete",
    action: "DeleteIngestSchedule",
    description: "Deletes a schedule. What it plays goes on, unless --stop-running is there.",
    examples: "trtc-ingest schedules delete schedule-… --stop-running",
    positional: [ID],
    lines: page,
  },
  preview: {
    name: "schedules preview",
    action: "PreviewIngestSchedule",
    description:
      "Shows when a schedule plays next, or when it would play with these fields. It changes nothing.",
    examples: `
trtc-ingest schedules preview schedule-… --count 20
trtc-ingest schedules preview --json-body @lessons.json`,
    positional: [{ field: "ScheduleId", isOptional: true }],
    lines: previewLines,
  },
  run: {
    name: "schedules run",
    action: "RunIngestSchedule",
    description: "Plays a schedule's ingest now, outside its windows.",
    examples: "trtc-ingest schedules run schedule-… --duration-seconds 600",
    positional: [ID],
    lines: page,
  },
  skip: {
    name: "schedules skip",
    action: "SkipIngestOccurrence",
    description: "Leaves one occurrence out. Its StartTime is what preview and occurrences show.",
    examples: "trtc-ingest schedules skip schedule-… 2026-12-24T08:00:00Z",
    positional: [ID, { field: "StartTime" }],
    lines: page,
  },
} satisfies Record<string, ActionSpec>;

const LISTS = {
  list: {
    name: "schedules list",
    action: "ListIngestSchedules",
    description: "Lists the caller's schedules.",
    examples: "trtc-ingest schedules list --state Paused",
    rows: "Schedules",
    things: "schedules",
    columns: () => scheduleColumns,
  },
  occurrences: {
    name: "schedules occurrences",
    action: "ListIngestOccurrences",
    description: "Lists what is planned, plays, or is over, and why it did not play.",
    examples: "trtc-ingest schedules occurrences schedule-… --state Missed",
    positional: { field: "ScheduleId", isOptional: true },
    rows: "Occurrences",
    things: "occurrences",
    columns: occurrenceColumns,
  },
} satisfies Record<string, ListSpec>;

type ListVerb = keyof typeof LISTS;

export type ScheduleVerb = keyof typeof SPECS | ListVerb;

const isList = (verb: ScheduleVerb): verb is ListVerb => Object.hasOwn(LISTS, verb);

export const scheduleCommand = (verb: ScheduleVerb) =>
  isList(verb) ? listCommand(LISTS[verb]) : actionCommand(SPECS[verb]);
