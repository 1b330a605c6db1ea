/** The words and examples of each action in the OpenAPI document. */
import type { Static } from "@sinclair/typebox";
import type { ANSWERS } from "../answers.js";
import { STRING_ROOM } from "../fields.js";
import type { Action } from "../schemas.js";
import type { ActionPage } from "./action-page.js";
import { SCHEDULE_PAGES } from "./schedule-actions.js";

const TASK_ID = "ing-01kb0q6t4c8x2m5vj9w3r7n1ye";

const NAMED = { SdkAppId: 1400000000, TaskId: TASK_ID };

/** One source that plays until its deadline. */
const RUNNING: Static<(typeof ANSWERS)["DescribeStreamIngest"]> = {
  TaskId: TASK_ID,
  TrtcTaskId: "-gCTFWtU7t7DUlo7A8IswFszO9z2O-rbERqJAoK",
  Status: "InProgress",
  State: "running",
  EndReason: null,
  EndDetail: null,
  FailureCode: null,
  Caller: "AKIDschool",
  ClientToken: "lobby-music-2026-01-01",
  SdkAppId: 1400000000,
  RoomId: "live-8489",
  RoomIdType: STRING_ROOM,
  UserId: "robot_01kb0q6t4c8x2m5vj9w3r7n1ye",
  StreamUrl: "https://media.example.com/clip.mp4",
  RepeatNum: -1,
  Item: null,
  NextItem: null,
  Round: null,
  Source: null,
  Restarts: 0,
  RolledOver: 0,
  CreateTime: "2026-01-01T11:59:59.700Z",
  StartTime: "2026-01-01T12:00:00.000Z",
  ScheduleId: null,
  OccurrenceTime: null,
  ScheduledTime: null,
  IsPaused: false,
  Media: {
    Container: "mp4",
    DurationSeconds: 93.5,
    Video: { Codec: "h264", Width: 1280, Height: 720, FrameRate: 25 },
    Audio: { Codec: "aac", Channels: 2, SampleRate: 48000 },
  },
  MediaState: "playing",
  MediaTime: "2026-01-01T12:00:00.800Z",
  Deadline: "2026-01-01T13:30:00.000Z",
  ExtendableUntil: "2026-01-01T13:30:00.000Z",
  StopWhenEmptySeconds: null,
  EndTime: null,
  Cost: { Usd: 0.2094, UsdToDeadline: 0.6282, Minutes: 30, Tier: "HD", PricesOf: "2026-08-21" },
};

/** The same ingest, had it been started with a list. */
const LISTED: typeof RUNNING = {
  ...RUNNING,
  StreamUrl: "https://media.example.com/lesson-1.mp4",
  RepeatNum: 1,
  Item: {
    Index: 0,
    Title: "Lesson 1",
    StreamUrl: "https://media.example.com/lesson-1.mp4",
    StartedAt: "2026-01-01T12:00:00.000Z",
    EndsAt: "2026-01-01T12:45:00.000Z",
    PositionSeconds: 93.5,
  },
  NextItem: {
    Index: 1,
    Title: null,
    StreamUrl: "rtmp://media.example.com/live/stage",
    StartsAt: "2026-01-01T12:45:00.000Z",
  },
  Round: 0,
  Source: "primary",
};

export const ACTION_PAGES: { readonly [A in Action]: ActionPage<A> } = {
  StartStreamIngest: {
    summary: "Start playing a media URL into a room",
    description: `Sends a robot user into a TRTC room to play one media URL.

Every ingest has a deadline: the earliest of StopTime, its start plus MaxDuration, and its start plus the caller's longest ingest. It is stopped at that second, whether it is a loop, a clip or a live source.

SdkAppId may be left out by a caller with one application. UserId, UserSig and PrivateMapKey may be left out: a robot user is made, and signed for. Send a ClientToken, and the same request can be sent again after a lost answer without a second robot entering the room.`,
    requests: {
      "a clip, once, into a string room": {
        RoomId: "live-8489",
        RoomIdType: STRING_ROOM,
        StreamUrl: "https://media.example.com/clip.mp4",
      },
      "a loop for ninety minutes, safe to send again": {
        SdkAppId: 1400000000,
        RoomId: "8489",
        StreamUrl: "https://media.example.com/clip.mp4",
        RepeatNum: -1,
        MaxDuration: 90,
        ClientToken: "lobby-music-2026-01-01",
      },
      "a live source until half past one, quietly": {
        SdkAppId: 1400000000,
        RoomId: "live-8489",
        RoomIdType: STRING_ROOM,
        StreamUrl: "rtmp://media.example.com/live/stage",
        StopTime: "2026-01-01T13:30:00Z",
        Volume: 40,
      },
      "a list of lessons, then a filler until noon": {
        RoomId: "live-8489",
        RoomIdType: STRING_ROOM,
        Playlist: [
          { StreamUrl: "https://media.example.com/lesson-1.mp4", Title: "Lesson 1" },
          { StreamUrl: "rtmp://media.example.com/live/stage", PlaySeconds: 600 },
        ],
        FillerStreamUrl: "https://media.example.com/wait.mp4",
        StopTime: "2026-01-01T12:00:00Z",
      },
      "a channel with a backup, which stays on air": {
        RoomId: "live-8489",
        RoomIdType: STRING_ROOM,
        StreamUrl: "https://media.example.com/live/channel.m3u8",
        BackupStreamUrl: "https://backup.example.com/live/channel.m3u8",
        KeepAlive: true,
        StopTime: "2026-01-07T12:00:00Z",
      },
    },
    answer: {
      TaskId: TASK_ID,
      TrtcTaskId: RUNNING.TrtcTaskId ?? "",
      UserId: RUNNING.UserId,
      Deadline: RUNNING.Deadline,
    },
  },
  StopStreamIngest: {
    summary: "Stop an ingest now",
    description:
      "Ends the ingest. Stopping an ingest twice succeeds. Stopping an ingest that has already ended succeeds too.",
    requests: { "an ingest by its TaskId": NAMED },
    answer: {},
  },
  UpdateStreamIngest: {
    summary: "Change what plays, pause it, or move its deadline",
    description: `Changes only what is sent. A deadline that is moved counts from the ingest's start; a loop's cannot be moved past the MaxDuration that TRTC was given with it, and the refusal names the latest instant.

A paused ingest is still billed, and still ends on its deadline.

A list changes while it plays: another Playlist, InsertNext, SkipItem, ItemIndex or SeekSecond, one of them at a time. The answer comes after the switch.`,
    requests: {
      "another clip, louder": {
        ...NAMED,
        StreamUrl: "https://media.example.com/encore.mp4",
        Volume: 80,
      },
      "a pause": { ...NAMED, IsPause: true },
      "a fader's newest value, which an older one never undoes": {
        ...NAMED,
        Volume: 65,
        Sequence: 42,
      },
      "news after the item on air": {
        ...NAMED,
        InsertNext: { StreamUrl: "https://media.example.com/news.mp4", Title: "News" },
      },
      "another list, when the item on air is over": {
        ...NAMED,
        Playlist: [
          { StreamUrl: "https://media.example.com/evening-1.mp4" },
          { StreamUrl: "https://media.example.com/evening-2.mp4", Volume: 80 },
        ],
        PlaylistRefresh: "AfterCurrent",
        PlaylistRepeatNum: -1,
      },
      "the next item, now": { ...NAMED, SkipItem: true, ClientToken: "skip-2026-01-01-12-30" },
      "an earlier end": { ...NAMED, StopTime: "2026-01-01T13:00:00Z" },
    },
    answer: { Status: "InProgress", Deadline: "2026-01-01T13:00:00.000Z" },
  },
  DescribeStreamIngest: {
    summary: "Look an ingest up",
    description:
      "Answers whether the ingest plays (TRTC is asked), its room, its times, and why it ended.",
    requests: { "an ingest by its TaskId": NAMED },
    answer: LISTED,
  },
  ListStreamIngests: {
    summary: "List the caller's ingests, newest first",
    description:
      "TRTC itself has no such action. A caller sees its own ingests only. An ingest must match all filters.",
    requests: {
      "the newest twenty": {},
      "what plays in one room": { RoomId: "live-8489", RoomIdType: STRING_ROOM, State: "running" },
    },
    answer: { Ingests: [RUNNING], NextCursor: null },
  },
  DescribeIngestTimeline: {
    summary: "Who changed an ingest, when and how",
    description:
      "Each change of an ingest, oldest first: who made it, from where, and what was before and after. TRTC itself has no such action.",
    requests: { "the first twenty events": NAMED, "more at once": { ...NAMED, Limit: 100 } },
    answer: {
      Events: [
        {
          Sequence: 3,
          Time: "2026-01-01T12:40:00.412Z",
          Type: "deadline-moved",
          Actor: {
            Kind: "caller",
            Id: "AKIDschool",
            Function: "update-ingest",
            From: "203.0.113.7",
            RequestId: "158079a7-ffc2-4f59-a1fc-f5218f6d5246",
          },
          Before: { Deadline: "2026-01-01T13:00:00.000Z" },
          After: { Deadline: "2026-01-01T13:30:00.000Z" },
        },
      ],
      NextCursor: null,
    },
  },
  ...SCHEDULE_PAGES,
};
