/** The programme that a start plans, and the fields that do not fit each other. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { localEnvironment } from "../../../local/environment/local-environment.js";
import { addMs, MINUTE_MS, systemClock } from "../../../shared/clock.js";
import { readConfig } from "../../../shared/config/configuration.js";
import { ApiError } from "../../../shared/contract/errors.js";
import { planStart } from "../../../shared/ingest/start/plan-start.js";
import type { Call, Services } from "../../../shared/ingest/services.js";
import { CN_APP, SECRET_ID } from "../../support/app/test-app.js";

const config = readConfig({
  ...localEnvironment({}, "http://127.0.0.1:1"),
  ALLOW_PRIVATE_STREAM_HOSTS: "false",
});

type Request = Call<"StartStreamIngest">["request"];

const ITEM = { StreamUrl: "https://media.example/a.mp4" };
const LIVE = "rtmp://media.example/live/a";
const OTHER = "https://media.example/b.mp4";

function plan(fields: Partial<Request>, streamHosts?: string[]) {
  const caller = config.callers.get(SECRET_ID);
  const application = config.applications.get(CN_APP);
  if (!caller || !application) throw new Error("there is no caller");
  const services = { config, clock: systemClock, randomBytes } as unknown as Services;
  const call: Call<"StartStreamIngest"> = {
    caller: { ...caller, ...(streamHosts && { StreamHosts: streamHosts }) },
    application,
    request: { RoomId: "7", RoomIdType: 0, ...fields },
    timeLeftMs: () => 30_000,
  };
  return planStart(services, call);
}

const rowOf = (fields: Partial<Request>) => plan(fields).row;

/** `Code: Message`. */
function refusalOf(fields: Partial<Request>, streamHosts?: string[]): string {
  try {
    plan(fields, streamHosts);
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("the start was planned");
}

describe("one source", () => {
  test.each<[string, Partial<Request>]>([
    ["alone", {}],
    ["that loops", { RepeatNum: -1 }],
    ["that is not to be kept alive", { KeepAlive: false }],
    [
      "with a StopTime within seven days",
      { StopTime: addMs(new Date(), 60 * MINUTE_MS).toISOString() },
    ],
  ])("%s has no programme", (_, fields) => {
    expect(rowOf({ StreamUrl: LIVE, ...fields })).toMatchObject({ programme: null });
  });

  test("with a backup is a list of one item, which TRTC plays as a loop with a cap", () => {
    const row = rowOf({ StreamUrl: LIVE, BackupStreamUrl: OTHER, RepeatNum: 3, MaxDuration: 60 });

    expect(row.play).toEqual({ StreamUrl: LIVE, RepeatNum: -1 });
    expect(row.programme).toEqual({
      items: [{ StreamUrl: LIVE, RepeatNum: 3, LengthSeconds: null }],
      isList: false,
      rounds: 1,
      anchor: { at: null, index: 0, round: 0, passedSeconds: 0 },
      onItemFailure: "Skip",
      fillerUrl: null,
      backupUrl: OTHER,
      clearSeconds: 30,
      preference: "Primary",
      restartsPerHour: 0,
      hasOwnRobot: true,
    });
    expect(row.latestAt).toEqual(addMs(row.createdAt, 60 * MINUTE_MS));
    expect(plan({ StreamUrl: LIVE, KeepAlive: true }).bounds).toMatchObject({ isLoop: true });
  });

  test("that is kept alive keeps its SeekSecond and its Tempo", () => {
    const sent = { StreamUrl: ITEM.StreamUrl, SeekSecond: 30, Tempo: 2 as const, Volume: 50 };
    const row = rowOf({ ...sent, KeepAlive: true });

    expect(row.programme).toMatchObject({
      items: [{ StreamUrl: ITEM.StreamUrl, SeekSecond: 30, Tempo: 2 }],
      restartsPerHour: 12,
    });
    expect(row.play).toMatchObject({ Volume: 50, RepeatNum: -1 });
  });
});

describe("a list", () => {
  test("has its items, and the request's values for what they leave out", () => {
    const items = [
      { ...ITEM, Title: "first", PlaySeconds: 5 },
      { ...ITEM, Tempo: 1 as const, Volume: 9 },
    ];
    const row = rowOf({
      Playlist: items,
      PlaylistRepeatNum: -1,
      StartIndex: 1,
      OnItemFailure: "Filler",
      FillerStreamUrl: LIVE,
      SourceClearSeconds: 60,
      RestartsPerHour: 3,
      UserId: "local_robot",
      UserSig: "e",
      Volume: 80,
      Tempo: 2,
    });

    expect(row.programme).toMatchObject({
      items: [{ ...items[0], Tempo: 2 }, items[1]],
      isList: true,
      rounds: -1,
      anchor: { at: null, index: 1, round: 0, passedSeconds: 0 },
      onItemFailure: "Filler",
      fillerUrl: LIVE,
      clearSeconds: 60,
      restartsPerHour: 3,
      hasOwnRobot: false,
    });
    expect(row.play).toEqual({ StreamUrl: ITEM.StreamUrl, RepeatNum: -1, Volume: 80, Tempo: 2 });
  });

  test("is kept alive unless KeepAlive is false", () => {
    const restarts = (fields: Partial<Request>) =>
      rowOf({ Playlist: [ITEM], ...fields }).programme?.restartsPerHour;
    expect(restarts({})).toBe(12);
    expect(restarts({ KeepAlive: true, RestartsPerHour: 60 })).toBe(60);
    expect(restarts({ KeepAlive: false })).toBe(0);
  });

  test("may have an endless item that says how long it is on air", () => {
    const Playlist = [{ ...ITEM, RepeatNum: -1, PlaySeconds: 60 }];
    expect(rowOf({ Playlist }).programme).toMatchObject({ items: Playlist });
  });
});

describe("fields that do not fit are refused, and the sentence says what to send", () => {
  const list = { Playlist: [ITEM, ITEM] };
  const one = { StreamUrl: LIVE };

  test.each<[Partial<Request>, string]>([
    [{}, "MissingParameter: StreamUrl is missing: send StreamUrl or Playlist."],
    [
      { KeepAlive: true, BackupStreamUrl: LIVE },
      "MissingParameter: StreamUrl is missing: send StreamUrl or Playlist.",
    ],
    [
      { ...list, ...one },
      "InvalidParameterValue: StreamUrl and Playlist exclude each other: send one of them.",
    ],
    [
      { ...list, RepeatNum: 1 },
      "InvalidParameterValue: RepeatNum belongs to one source, and Playlist has its own for each: put RepeatNum into an item.",
    ],
    [
      { ...list, SeekSecond: 0 },
      "InvalidParameterValue: SeekSecond belongs to one source, and Playlist has its own for each: put SeekSecond into an item.",
    ],
    [
      { Playlist: [ITEM, { ...ITEM, RepeatNum: -1 }] },
      "InvalidParameterValue: Playlist[1].RepeatNum is -1, so the item has no end: send its PlaySeconds too, or another RepeatNum.",
    ],
    [
      { Playlist: [ITEM, { StreamUrl: LIVE, RepeatNum: 2 }] },
      "InvalidParameterValue: Playlist[1].StreamUrl is RTMP, so the item has no end: send its PlaySeconds too.",
    ],
    [
      { ...list, StartIndex: 2 },
      "InvalidParameter.OutOfRange: StartIndex is behind the last item of Playlist: send a number from 0 to 1.",
    ],
    [
      { ...one, PlaylistRepeatNum: 2 },
      "InvalidParameterValue: PlaylistRepeatNum needs Playlist: send it too, or leave PlaylistRepeatNum out.",
    ],
    [
      { ...one, KeepAlive: true, StartIndex: 0 },
      "InvalidParameterValue: StartIndex needs Playlist: send it too, or leave StartIndex out.",
    ],
    [
      { ...one, OnItemFailure: "Retry" },
      "InvalidParameterValue: OnItemFailure needs Playlist, BackupStreamUrl or KeepAlive: send it too, or leave OnItemFailure out.",
    ],
    [
      { ...one, FillerStreamUrl: OTHER },
      "InvalidParameterValue: FillerStreamUrl needs Playlist, BackupStreamUrl or KeepAlive: send it too, or leave FillerStreamUrl out.",
    ],
    [
      { ...list, OnItemFailure: "Filler" },
      "InvalidParameterValue: OnItemFailure Filler needs FillerStreamUrl: send it too, or another OnItemFailure.",
    ],
    [
      { ...list, SourceClearSeconds: 5 },
      "InvalidParameterValue: SourceClearSeconds needs BackupStreamUrl or FillerStreamUrl: send it too, or leave SourceClearSeconds out.",
    ],
    [
      { ...list, FillerStreamUrl: OTHER, SourcePreference: "Equal" },
      "InvalidParameterValue: SourcePreference needs BackupStreamUrl: send it too, or leave SourcePreference out.",
    ],
    [
      { ...one, RestartsPerHour: 3 },
      "InvalidParameterValue: RestartsPerHour needs KeepAlive: send it too, or leave RestartsPerHour out.",
    ],
    [
      { ...list, KeepAlive: false, RestartsPerHour: 3 },
      "InvalidParameterValue: RestartsPerHour needs KeepAlive: send it too, or leave RestartsPerHour out.",
    ],
  ])("%j", (fields, expected) => {
    expect(refusalOf(fields)).toBe(expected);
  });

  test.each<[string, Partial<Request>]>([
    ["Playlist[1].StreamUrl", { Playlist: [ITEM, { StreamUrl: "ftp://media.example/a" }] }],
    ["BackupStreamUrl", { StreamUrl: LIVE, BackupStreamUrl: "https://me:secret@media.example/" }],
    ["FillerStreamUrl", { Playlist: [ITEM], FillerStreamUrl: "https://127.0.0.1/a.mp4" }],
  ])("%s obeys the rules of StreamUrl", (field, fields) => {
    expect(refusalOf(fields)).toContain(`InvalidParameter.StreamUrl: ${field} `);
  });

  test.each<[string, Partial<Request>]>([
    ["Playlist[1].StreamUrl", { Playlist: [ITEM, { StreamUrl: "https://other.example/a" }] }],
    ["BackupStreamUrl", { ...ITEM, BackupStreamUrl: "https://other.example/a" }],
    ["FillerStreamUrl", { Playlist: [ITEM], FillerStreamUrl: "https://other.example/a" }],
  ])("%s may only name a host of the caller's grant", (field, fields) => {
    expect(refusalOf(fields, ["media.example"])).toBe(
      `UnauthorizedOperation: The caller may not play from the host of this ${field}: send a URL of one of its own hosts.`,
    );
  });
});
