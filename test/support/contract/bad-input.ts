import type { ScheduleAction } from "../../../shared/contract/schedules/schemas.js";
import { REQUIRED_OF_SCHEDULES, SCHEDULE_ID, SCHEDULE_INGEST } from "./schedules.js";

/** A schedule has no SdkAppId beside its Ingest. */
const IN_INGEST = { SdkAppId: undefined };

const ITEM = { StreamUrl: "https://media.example/clip.mp4", PlaySeconds: 5 };

const NO_SOURCE = { StreamUrl: undefined, RepeatNum: undefined };

/** Kinds of bad input, each with its code in Tencent's table. */
export const BAD_INPUT: [code: string, wrong: { action: string; fields: object }][] = [
  ["MissingParameter.RoomId", start({ RoomId: undefined })],
  ["MissingParameter", start({ StreamUrl: undefined })],
  ["MissingParameter.SdkAppId", start({ SdkAppId: undefined })],
  ["InvalidParameter.SdkAppId", start({ SdkAppId: "fourteen" })],
  ["UnauthorizedOperation.SdkAppId", start({ SdkAppId: 1400000001 })],
  ["InvalidParameter.RoomId", start({ RoomIdType: 1, RoomId: "room123" })],
  ["InvalidParameter.StrRoomId", start({ RoomId: "room/123" })],
  ["InvalidParameter.StreamUrl", start({ StreamUrl: "ftp://media.example/clip.mp4" })],
  ["InvalidParameter.StreamUrl", start({ StreamUrl: "https://me:secret@media.example/a.mp4" })],
  ["InvalidParameter.OutOfRange", start({ RepeatNum: 0 })],
  ["InvalidParameter.OutOfRange", start({ MaxDuration: 10081 })],
  ["InvalidParameter.OutOfRange", start({ Volume: 201 })],
  ["InvalidParameter.UserSig", start({ UserId: "robot", UserSig: "eJwrzi9VSCrKL89LBQATRAQz" })],
  ["MissingParameter", start({ UserSig: "eJwrzi9VSCrKL89LBQATRAQz" })],
  ["InvalidParameterValue", start({ StopTime: "2020-01-01T00:00:00Z" })],
  ["InvalidParameterValue", start({ StopTime: "tomorrow" })],
  ["UnknownParameter", start({ Colour: "blue" })],
  ["InvalidParameterValue", start({ Playlist: [ITEM] })],
  ["InvalidParameterValue", start({ ...NO_SOURCE, RepeatNum: 2, Playlist: [ITEM] })],
  ["InvalidParameter.StreamUrl", start({ ...NO_SOURCE, Playlist: [{ StreamUrl: "x:y" }] })],
  ["InvalidParameter.OutOfRange", start({ RestartsPerHour: 61 })],
  ["InvalidParameterValue", start({ PlaylistRepeatNum: 2 })],
  ["InvalidParameterValue", start({ KeepAlive: true, OnItemFailure: "Filler" })],
  ["MissingParameter.TaskId", { action: "StopStreamIngest", fields: {} }],
  ["FailedOperation.TaskNotExist", { action: "StopStreamIngest", fields: { TaskId: "nobody's" } }],
  [
    "FailedOperation.TaskNotExist",
    { action: "UpdateStreamIngest", fields: { TaskId: "x", Volume: 1 } },
  ],
  ["FailedOperation.TaskNotExist", { action: "DescribeStreamIngest", fields: { TaskId: "x" } }],
  ["InvalidParameterValue", { action: "ListStreamIngests", fields: { Cursor: "nonsense" } }],
  ["FailedOperation.TaskNotExist", { action: "DescribeIngestTimeline", fields: { TaskId: "x" } }],
  [
    "InvalidParameterValue",
    { action: "DescribeIngestTimeline", fields: { TaskId: "x", Cursor: "nonsense" } },
  ],
  ["InvalidParameterValue", { action: "ListIngestSchedules", fields: { Cursor: "nonsense" } }],
  ["ResourceNotFound", { action: "ListIngestOccurrences", fields: { ScheduleId: SCHEDULE_ID } }],
  ["ResourceNotFound", named("DescribeIngestSchedule")],
  ["ResourceNotFound", named("RunIngestSchedule")],
  ["MissingParameter", named("SkipIngestOccurrence")],
  ["MissingParameter", create({ Windows: undefined })],
  ["MissingParameter.SdkAppId", create({ Ingest: { ...SCHEDULE_INGEST, SdkAppId: undefined } })],
  ["UnknownParameter", create({ Ingest: { ...SCHEDULE_INGEST, StopTime: "2999-01-01T00:00Z" } })],
  ["InvalidParameterValue", create({ TimeZone: "Europe/Atlantis" })],
  [
    "InvalidParameterValue",
    create({ Windows: [{ Recurrence: "0 25 * * *", DurationSeconds: 60 }] }),
  ],
  ["InvalidAction", { action: "StartRelay", fields: {} }],
];

function create(fields: object) {
  const right = REQUIRED_OF_SCHEDULES.CreateIngestSchedule;
  return { action: "CreateIngestSchedule", fields: { ...IN_INGEST, ...right, ...fields } };
}

function named(action: ScheduleAction) {
  return { action, fields: { ...IN_INGEST, ScheduleId: SCHEDULE_ID } };
}

function start(fields: object) {
  return { action: "StartStreamIngest", fields };
}
