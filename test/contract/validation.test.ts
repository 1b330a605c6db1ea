/** How a request is refused: the code and the message. */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import { checkRequest } from "../../shared/contract/check.js";
import { checkRegion } from "../../shared/config/region.js";
import type { Action } from "../../shared/contract/schemas.js";
import { REQUIRED_OF_SCHEDULES, SCHEDULE_INGEST } from "../support/contract/schedules.js";
import type { Site } from "../../shared/contract/sites.js";

const REQUIRED: Record<Action, object> = {
  StartStreamIngest: { RoomId: "8489", StreamUrl: "https://media.example/clip.mp4" },
  StopStreamIngest: { TaskId: "task" },
  UpdateStreamIngest: { TaskId: "task" },
  DescribeStreamIngest: { TaskId: "task" },
  ListStreamIngests: {},
  DescribeIngestTimeline: { TaskId: "task" },
  ...REQUIRED_OF_SCHEDULES,
};

/** `Code: Message`, as a caller reads it. Undefined when the request is accepted. */
function refusal(action: Action, fields: object, site: Site = "intl"): string | undefined {
  return spoken(() => checkRequest({ action, site }, { ...REQUIRED[action], ...fields }));
}

function spoken(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const ITEM = { StreamUrl: "https://media.example/a.mp4" };

const start = (fields: object, site?: Site) => refusal("StartStreamIngest", fields, site);

describe("a refusal has TRTC's own code for the field where TRTC has one, and says what to send", () => {
  test.each([
    [
      { RoomId: undefined },
      "MissingParameter.RoomId: RoomId is missing: send a string of 1 to 64 characters.",
    ],
    [
      { SdkAppId: "1400000000" },
      "InvalidParameter.SdkAppId: SdkAppId has the wrong type: send an integer from 1 to 4294967295.",
    ],
    [
      { SdkAppId: 0 },
      "InvalidParameter.SdkAppId: SdkAppId is too small: send an integer from 1 to 4294967295.",
    ],
    [
      { RoomId: 8489 },
      "InvalidParameter.RoomId: RoomId has the wrong type: send a string of 1 to 64 characters.",
    ],
    [
      { RoomId: "" },
      "InvalidParameter.RoomId: RoomId is too short: send a string of 1 to 64 characters.",
    ],
    [
      { UserId: "robot 1" },
      "InvalidParameter.UserId: UserId has the wrong form: send a string that fits ^[A-Za-z0-9_-]{1,32}$.",
    ],
    [
      { UserSig: "a+b" },
      "InvalidParameter.UserSig: UserSig has the wrong form: send a string of 1 to 2048 characters that fits ^[A-Za-z0-9*\\-_]+$.",
    ],
    [
      { PrivateMapKey: "a".repeat(2049) },
      "InvalidParameter.PrivateMapKey: PrivateMapKey is too long: send a string of 1 to 2048 characters that fits ^[A-Za-z0-9*\\-_]+$.",
    ],
    [
      { StreamUrl: "h".repeat(2049) },
      "InvalidParameter.StreamUrl: StreamUrl is too long: send a string of 1 to 2048 characters.",
    ],
    [
      { RoomIdType: 2 },
      "InvalidParameterValue: RoomIdType has a value that is not offered: send one of 0, 1.",
    ],
    [
      { RepeatNum: 0 },
      "InvalidParameter.OutOfRange: RepeatNum may not be 0: send an integer from -1 to 1000, not 0.",
    ],
    [
      { RepeatNum: 1001 },
      "InvalidParameter.OutOfRange: RepeatNum is too large: send an integer from -1 to 1000, not 0.",
    ],
    [
      { MaxDuration: 10_081 },
      "InvalidParameter.OutOfRange: MaxDuration is too large: send an integer from 1 to 10080.",
    ],
    [
      { Volume: 101 },
      "InvalidParameter.OutOfRange: Volume is too large: send an integer from 0 to 100.",
    ],
    [{ AutoPush: "true" }, "InvalidParameter: AutoPush has the wrong type: send true or false."],
    [{ Playlist: [] }, "InvalidParameterValue: Playlist is empty: send a list of 1 to 100 items."],
    [
      { Playlist: "a" },
      "InvalidParameter: Playlist has the wrong type: send a list of 1 to 100 items.",
    ],
    [
      { Playlist: [ITEM, "a"] },
      "InvalidParameter: Playlist[1] has the wrong type: send an object with StreamUrl.",
    ],
    [
      { Playlist: [ITEM, { Title: "a" }] },
      "MissingParameter: Playlist[1].StreamUrl is missing: send a string of 1 to 2048 characters.",
    ],
    [
      { Playlist: [{ ...ITEM, StreamUrl: "h".repeat(2049) }] },
      "InvalidParameter.StreamUrl: Playlist[0].StreamUrl is too long: send a string of 1 to 2048 characters.",
    ],
    [
      { Playlist: [ITEM, { ...ITEM, PlaySeconds: 604_801 }] },
      "InvalidParameter.OutOfRange: Playlist[1].PlaySeconds is too large: send an integer from 1 to 604800.",
    ],
    [
      { Playlist: [{ ...ITEM, RepeatNum: 0 }] },
      "InvalidParameter.OutOfRange: Playlist[0].RepeatNum may not be 0: send an integer from -1 to 1000, not 0.",
    ],
    [
      { Playlist: [{ ...ITEM, Volume: 101 }] },
      "InvalidParameter.OutOfRange: Playlist[0].Volume is too large: send an integer from 0 to 100.",
    ],
    [
      { Playlist: [{ ...ITEM, Tempo: 1 }] },
      "UnknownParameter: There is no field Playlist[0].Tempo: only start and update on the Chinese site have it.",
    ],
    [
      { Playlist: [{ ...ITEM, Duration: 1 }] },
      "UnknownParameter: There is no field Playlist[0].Duration: leave it out.",
    ],
    [
      { StartIndex: 100 },
      "InvalidParameter.OutOfRange: StartIndex is too large: send an integer from 0 to 99.",
    ],
    [
      { OnItemFailure: "Stop" },
      'InvalidParameterValue: OnItemFailure has a value that is not offered: send one of "Skip", "Retry", "Filler", "End".',
    ],
    [
      { SourceClearSeconds: 4 },
      "InvalidParameter.OutOfRange: SourceClearSeconds is too small: send an integer from 5 to 600.",
    ],
    [
      { SourcePreference: "Backup" },
      'InvalidParameterValue: SourcePreference has a value that is not offered: send one of "Primary", "Equal".',
    ],
    [
      { RestartsPerHour: 61 },
      "InvalidParameter.OutOfRange: RestartsPerHour is too large: send an integer from 1 to 60.",
    ],
    [{ KeepAlive: "true" }, "InvalidParameter: KeepAlive has the wrong type: send true or false."],
    [
      { BackupStreamUrl: "" },
      "InvalidParameterValue: BackupStreamUrl is too short: send a string of 1 to 2048 characters.",
    ],
  ])("%j", (fields, expected) => {
    expect(start(fields)).toBe(expected);
  });

  test("names the range of the application's site", () => {
    expect(start({ Volume: 201 }, "cn")).toMatch(/an integer from 0 to 200\.$/);
  });

  test.each(["StopStreamIngest", "UpdateStreamIngest", "DescribeStreamIngest"] as const)(
    "%s without a TaskId, and with a wrong one",
    (action) => {
      expect(refusal(action, { TaskId: undefined })).toMatch(/^MissingParameter\.TaskId: /);
      expect(refusal(action, { TaskId: 7 })).toMatch(/^InvalidParameter\.TaskId: /);
      expect(refusal(action, { TaskId: "" })).toMatch(/^InvalidParameter\.TaskId: /);
    },
  );
});

describe("a refusal of a schedule names the field with its place, and says what to send", () => {
  const WINDOW = { Recurrence: "0 9 * * 1-5", EndAt: "11:30" };
  const create = (fields: object) => refusal("CreateIngestSchedule", fields);

  test.each([
    [{ Name: "" }, "InvalidParameterValue: Name has the wrong form: send a string that fits "],
    [{ TimeZone: "Europe/New York" }, "InvalidParameterValue: TimeZone has the wrong form: send "],
    [{ TimeZone: undefined }, "MissingParameter: TimeZone is missing: send a string"],
    [{ Windows: [] }, "InvalidParameterValue: Windows is empty: send a list of 1 to 20 items."],
    [
      { Windows: [WINDOW, WINDOW, { ...WINDOW, EndAt: "9:00" }] },
      "InvalidParameterValue: Windows[2].EndAt has the wrong form: send a string of 1 to 5 characters that fits ",
    ],
    [
      { Windows: [{ StartAt: "2026-01-05T09:00Z", DurationSeconds: 59 }] },
      "InvalidParameterValue: Windows[0].StartAt has the wrong form: send ",
    ],
    [
      { Windows: [{ ...WINDOW, DurationSeconds: 59 }] },
      "InvalidParameter.OutOfRange: Windows[0].DurationSeconds is too small: send an integer from 60 to 31622400.",
    ],
    [
      { Windows: [{ ...WINDOW, TimeZone: "UTC" }] },
      "UnknownParameter: There is no field Windows[0].TimeZone: leave it out.",
    ],
    [
      { ExcludeDates: ["2026-12-24", "24.12.2026"] },
      "InvalidParameterValue: ExcludeDates[1] has the wrong form: send ",
    ],
    [
      { OverlapPolicy: "Cut" },
      'InvalidParameterValue: OverlapPolicy has a value that is not offered: send one of "Skip", "StopOther", "Extend".',
    ],
    [
      { Priority: 101 },
      "InvalidParameter.OutOfRange: Priority is too large: send an integer from 0 to 100.",
    ],
    [
      { State: "Deleted" },
      'InvalidParameterValue: State has a value that is not offered: send one of "Enabled", "Paused".',
    ],
    [{ Recurrence: "* * * * *" }, "There is no field Recurrence: send it inside Windows."],
    [{ RoomId: "8489" }, "There is no field RoomId: send it inside Ingest."],
    [{ Ingest: undefined }, "MissingParameter: Ingest is missing: send an object with "],
  ])("%j", (fields, expected) => {
    expect(create(fields)).toContain(expected);
  });

  test.each([
    [{ SdkAppId: undefined }, "MissingParameter.SdkAppId: Ingest.SdkAppId is missing: send "],
    [{ RoomId: undefined }, "MissingParameter.RoomId: Ingest.RoomId is missing: send "],
    [{ Playlist: [ITEM, {}] }, "Ingest.Playlist[1].StreamUrl is missing: send "],
    [{ UserSig: "sig" }, "each start is signed anew, so leave it out."],
    [{ PrivateMapKey: "key" }, "each start is signed anew, so leave it out."],
    [
      { StartTime: "2026-01-01T12:00:00Z" },
      "Windows says when each occurrence starts, so leave it out.",
    ],
    [{ StopTime: "2026-01-01T12:00:00Z" }, "the window ends each occurrence, so leave it out."],
    [{ MaxDuration: 60 }, "the window ends each occurrence, so send its DurationSeconds or EndAt."],
    [
      { ExtendableUntil: "2026-01-01T12:00:00Z" },
      "the window ends each occurrence, so leave it out.",
    ],
    [{ ClientToken: "token" }, "each occurrence has its own, so send one beside Ingest."],
    [{ StartWindowSeconds: 60 }, "send CatchupSeconds beside Ingest."],
    [{ Tempo: 1.5 }, "only start and update on the Chinese site have it."],
  ])("inside of Ingest: %j", (fields, expected) => {
    const message = create({ Ingest: { ...SCHEDULE_INGEST, ...fields } });
    const [field] = Object.keys(fields);
    expect(message).toContain(expected);
    expect(message).toContain(`Ingest.${field ?? ""}`);
  });

  test("says so wherever a schedule has an Ingest", () => {
    const Ingest = { ...SCHEDULE_INGEST, StopTime: "2026-01-01T12:00:00Z" };
    for (const action of ["UpdateIngestSchedule", "PreviewIngestSchedule"] as const) {
      expect(refusal(action, { Ingest })).toBe(
        "UnknownParameter: There is no field Ingest.StopTime: the window ends each occurrence, so leave it out.",
      );
    }
  });

  test("of a ScheduleId that has another form", () => {
    for (const ScheduleId of ["", "ing-01kb0q6t4c8x2m5vj9w3r7n1ye", "schedule-1"]) {
      expect(refusal("DescribeIngestSchedule", { ScheduleId })).toMatch(
        /^InvalidParameterValue: ScheduleId .*: send a string .* that fits \^schedule-/,
      );
    }
  });
});

describe("a field of an item that stands beside its list", () => {
  test("is refused with its place", () => {
    expect(start({ Title: "Lesson 1" })).toBe(
      "UnknownParameter: There is no field Title: send it inside Playlist.",
    );
  });
});

describe("only the first failing field is named", () => {
  test("the first in the contract's order, when two are wrong", () => {
    expect(start({ Volume: -1, RoomIdType: 7 })).toMatch(/: RoomIdType /);
    expect(start({ Volume: -1, RoomIdType: 7 })).not.toMatch(/Volume/);
  });

  test("the missing one, when another is wrong", () => {
    expect(start({ RoomId: undefined, Volume: -1 })).toMatch(/^MissingParameter\.RoomId: /);
  });
});

describe("an unknown field is refused, never ignored", () => {
  test.each([
    ["Colour", "leave it out"],
    ["roomId", "leave it out"],
    ["SourceUrl", "StreamUrl has taken its place"],
    ["VideoEncodeParams", "TRTC chooses the encoding"],
    ["AudioEncodeParams", "TRTC chooses the encoding; Volume sets the loudness"],
    ["StrRoomId", "send RoomId with RoomIdType 0"],
    ["EnableProgress", "only start and update on the Chinese site have it"],
    ["Tempo", "only start and update on the Chinese site have it"],
    ["IdleTimeout", "only start on the Chinese site has it"],
  ])("%s", (field, hint) => {
    expect(start({ [field]: 1 })).toBe(`UnknownParameter: There is no field ${field}: ${hint}.`);
  });

  test("IdleTimeout cannot be changed, not even on the Chinese site", () => {
    expect(refusal("UpdateStreamIngest", { IdleTimeout: 60 }, "cn")).toMatch(
      /^UnknownParameter: .*only start on the Chinese site has it/,
    );
  });

  test.each(["constructor", "toString", "hasOwnProperty", "__proto__"])(
    "%s, although every object has one",
    (field) => {
      const request: unknown = JSON.parse(`{"RoomId":"1","StreamUrl":"u","${field}":{}}`);
      const check = () => checkRequest({ action: "StartStreamIngest", site: "cn" }, request);
      expect(spoken(check)).toBe(`UnknownParameter: There is no field ${field}: leave it out.`);
    },
  );

  test("and a hostile name is shortened and escaped in the message", () => {
    expect(start({ [`a\n\u001b[31m任${"b".repeat(100)}`]: 1 })).toBe(
      `UnknownParameter: There is no field a??[31m?${"b".repeat(56)}: leave it out.`,
    );
  });
});

describe("a request that is no object is refused", () => {
  test.each([[null], [[]], [[{}]], ["text"], [7], [true], [undefined]])("%j", (value) => {
    const check = () => checkRequest({ action: "ListStreamIngests", site: "cn" }, value);
    expect(spoken(check)).toBe("InvalidParameter.BodyParamsError: This must be one JSON object.");
  });
});

describe("regions", () => {
  test.each(["ap-singapore", undefined])("%s is accepted on both sites", (region) => {
    expect(spoken(() => checkRegion("intl", region))).toBeUndefined();
    expect(spoken(() => checkRegion("cn", region))).toBeUndefined();
  });

  test.each([
    ["intl", "ap-tokyo"],
    ["intl", "ap-guangzhou"],
    ["intl", "AP-SINGAPORE"],
    ["intl", ""],
    ["cn", "ap-bangkok"],
  ] as const)(
    "%s: %s is refused, since a stream that started there could not be stopped",
    (site, region) => {
      expect(spoken(() => checkRegion(site, region))).toMatch(
        /^UnsupportedRegion: .*: send one of .*ap-singapore.*, or no region\.$/,
      );
    },
  );
});
