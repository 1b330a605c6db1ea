/**
 * Every field of every action on both sites, against the ranges of TRTC's API pages. The figures
 * are written out here, so a schema that drifts from the pages fails.
 */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import { checkRequest } from "../../shared/contract/check.js";
import { type Action, ACTIONS, SCHEMAS } from "../../shared/contract/schemas.js";
import { type Site, SITES } from "../../shared/contract/sites.js";

/** The accepted and refused values of a field, each list named by its reason. */
interface Field {
  takes: Record<string, unknown>;
  refuses: Record<string, unknown>;
}

const OF_NO_TYPE = { null: null, "a list": [], "a list of one": ["1"], "an object": {} };

const number = (min: number, max: number): Field => ({
  takes: { "its least": min, "its most": max },
  refuses: {
    "less than its least": min - 1,
    "more than its most": max + 1,
    "a fraction": min + 0.5,
    "a number as text": String(max),
    "the empty text": "",
    "a number past all bounds": 1e400,
    true: true,
    ...OF_NO_TYPE,
  },
});

const repeatNum: Field = {
  takes: { ...number(-1, 1000).takes, once: 1 },
  refuses: { ...number(-1, 1000).refuses, zero: 0, "zero below zero": -0 },
};

const choice = (values: unknown[], others: unknown[]): Field => ({
  takes: Object.fromEntries(values.map((value) => [JSON.stringify(value), value])),
  refuses: {
    ...Object.fromEntries(others.map((value) => [JSON.stringify(value), value])),
    ...OF_NO_TYPE,
  },
});

const flag: Field = choice([true, false], ["true", "false", "1", "", 0, 1]);

const roomIdType = choice([0, 1], [-1, 2, 0.5, "0", "1", true]);

const text = (longest: string, { refuses = {} }: { refuses?: object } = {}): Field => ({
  takes: { "its shortest": longest.slice(0, 1), [`${longest.length} characters`]: longest },
  refuses: {
    [`${longest.length + 1} characters`]: longest + longest.slice(-1),
    "the empty text": "",
    "a number": 8489,
    true: true,
    ...OF_NO_TYPE,
    ...refuses,
  },
});

const UNPRINTABLE = {
  "a NUL": "a\0b",
  "a line break": "a\nb",
  "a line break at its end": "ab\n",
  "a delete character": "a\u007fb",
  "a character outside ASCII": "房间",
};

const signedText = text("a*-_".repeat(512), {
  refuses: { ...UNPRINTABLE, "plain base64": "a+b/c=", "a space": "a b" },
});

const instant: Field = {
  takes: {
    "the time in UTC": "2026-01-01T12:00:00Z",
    "without seconds": "2026-01-01T12:00Z",
    "with nanoseconds": "2026-01-01T12:00:00.123456789Z",
    "with an offset": "2026-01-01T20:00:00+08:00",
  },
  refuses: {
    "no offset": "2026-01-01T12:00:00",
    "a day only": "2026-01-01",
    "ten decimals": "2026-01-01T12:00:00.1234567890Z",
    words: "tomorrow",
    "Unix seconds": 1767225600,
    "Unix seconds as text": "1767225600",
    "small letters": "2026-01-01t12:00:00z",
    "the empty text": "",
    ...UNPRINTABLE,
    ...OF_NO_TYPE,
  },
};

const printable = (length: number, { space }: { space: boolean }): Field =>
  text("!~".repeat(length / 2), {
    refuses: { ...UNPRINTABLE, ...(space ? {} : { "a space": "a b" }) },
  });

const SdkAppId = number(1, 4_294_967_295);
const TaskId = printable(256, { space: false });
const StreamUrl = text(`https://media.example/${"a".repeat(2026)}`);
const Volume = { intl: number(0, 100), cn: number(0, 200) };
const Tempo = choice([0.5, 0.75, 1, 1.25, 1.5, 1.75, 2], [0, 0.6, 2.25, -1, "1", true]);
const title = text("a ü任".padEnd(128, "t"), {
  refuses: { "a NUL": "a\0b", "a line break": "a\nb", "half of a surrogate pair": "a\ud83d" },
});

const item = { StreamUrl: "https://media.example/a.mp4" };

/** The lists hold one item with each value of each of its fields. */
const playlist = (fields: Record<string, Field>): Field => {
  const lists = (kind: keyof Field) =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([name, field]) =>
        Object.entries(field[kind]).map(
          ([what, value]) => [`${name}: ${what}`, [item, { ...item, [name]: value }]] as const,
        ),
      ),
    );
  return {
    takes: { ...lists("takes"), "one item": [item], "100 items": Array(100).fill(item) },
    refuses: {
      ...lists("refuses"),
      "no item": [],
      "101 items": Array(101).fill(item),
      "an item without its URL": [item, {}],
      "a URL": [item.StreamUrl],
      null: null,
      "an object": item,
      "a text": JSON.stringify([item]),
    },
  };
};

const itemFields = (site: Site) => ({
  StreamUrl,
  Title: title,
  SeekSecond: number(0, 2_147_483_647),
  PlaySeconds: number(1, 604_800),
  RepeatNum: repeatNum,
  Volume: Volume[site],
  ...(site === "cn" && { Tempo }),
});

const programme = (site: Site) => ({
  Playlist: playlist(itemFields(site)),
  PlaylistRepeatNum: repeatNum,
  StartIndex: number(0, 99),
  OnItemFailure: choice(["Skip", "Retry", "Filler", "End"], ["skip", "", 1]),
  FillerStreamUrl: StreamUrl,
  BackupStreamUrl: StreamUrl,
  SourceClearSeconds: number(5, 600),
  SourcePreference: choice(["Primary", "Equal"], ["primary", "", 1]),
  KeepAlive: flag,
  RestartsPerHour: number(1, 60),
});

/** One item, with each value of each of its fields. */
const oneItem = (fields: Record<string, Field>): Field => {
  const items = (kind: keyof Field) =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([name, field]) =>
        Object.entries(field[kind]).map(
          ([what, value]) => [`${name}: ${what}`, { ...item, [name]: value }] as const,
        ),
      ),
    );
  return {
    takes: { ...items("takes"), "its URL alone": item },
    refuses: {
      ...items("refuses"),
      "an item without its URL": {},
      "a list": [item],
      "a URL": item.StreamUrl,
      null: null,
    },
  };
};

const edits = (site: Site) => {
  const fields = programme(site);
  return {
    Playlist: fields.Playlist,
    PlaylistRefresh: choice(["AfterCurrent", "Now"], ["now", "", 1]),
    PlaylistRepeatNum: fields.PlaylistRepeatNum,
    InsertNext: oneItem(itemFields(site)),
    SkipItem: flag,
    ItemIndex: number(0, 99),
    SeekSecond: number(0, 2_147_483_647),
    BackupStreamUrl: StreamUrl,
    FillerStreamUrl: StreamUrl,
    OnItemFailure: fields.OnItemFailure,
  };
};

const schedule = { StartTime: instant };
const deadline = { MaxDuration: number(1, 10_080), StopTime: instant };

const start = (site: Site) => ({
  SdkAppId,
  RoomId: text("r".repeat(64)),
  RoomIdType: roomIdType,
  UserId: text("robot_-8".repeat(4), {
    refuses: { ...UNPRINTABLE, "a space": "a b", "a dot": "a.b", "an at sign": "a@b" },
  }),
  UserSig: signedText,
  PrivateMapKey: signedText,
  StreamUrl,
  SeekSecond: number(0, 2_147_483_647),
  AutoPush: flag,
  RepeatNum: repeatNum,
  Volume: Volume[site],
  ClientToken: printable(64, { space: true }),
  StopWhenEmptySeconds: number(0, 86_400),
  ProbeSource: flag,
  ExtendableUntil: instant,
  StartWindowSeconds: number(1, 86_400),
  ...programme(site),
  ...schedule,
  ...deadline,
});

const update = (site: Site) => ({
  SdkAppId,
  TaskId,
  StreamUrl,
  Volume: Volume[site],
  IsPause: flag,
  Sequence: number(0, 9_007_199_254_740_991),
  ...edits(site),
  ClientToken: printable(64, { space: true }),
  ...schedule,
  ...deadline,
});

const named = { SdkAppId, TaskId };

const list = {
  SdkAppId,
  RoomId: text("a {[(<~|>)]}:;,.?!#$%&+-=@^_89XYZ".padEnd(64, "r"), {
    refuses: { ...UNPRINTABLE, "a quote": 'a"b', "a slash": "a/b", "a star": "a*b" },
  }),
  RoomIdType: roomIdType,
  State: choice(["starting", "running", "stopping", "ended"], ["Running", "lost", "", 1]),
  EndReason: choice(
    ["stopped", "expired", "finished", "failed", "lost", "empty"],
    ["Stopped", "ended", "", 1],
  ),
  MediaState: choice(["connecting", "playing", "retrying", "failed"], ["Playing", "lost", "", 1]),
  ClientToken: printable(64, { space: true }),
  Limit: number(1, 100),
  Cursor: printable(128, { space: false }),
};

const CONTRACT: Record<Action, Record<Site, Record<string, Field>>> = {
  StartStreamIngest: {
    intl: start("intl"),
    cn: { ...start("cn"), EnableProgress: flag, Tempo, IdleTimeout: number(0, 600) },
  },
  StopStreamIngest: { intl: named, cn: named },
  UpdateStreamIngest: {
    intl: update("intl"),
    cn: { ...update("cn"), EnableProgress: flag, Tempo },
  },
  DescribeStreamIngest: { intl: named, cn: named },
  ListStreamIngests: { intl: list, cn: list },
};

const REQUIRED: Record<Action, Record<string, unknown>> = {
  StartStreamIngest: { RoomId: "room" },
  StopStreamIngest: { TaskId: "task" },
  UpdateStreamIngest: { TaskId: "task" },
  DescribeStreamIngest: { TaskId: "task" },
  ListStreamIngests: {},
};

const EVERY = ACTIONS.flatMap((action) => SITES.map((site) => ({ action, site })));

describe.each(EVERY)("$action, $site", ({ action, site }) => {
  const fields = CONTRACT[action][site];
  const send = (fields: Record<string, unknown>): string => {
    try {
      checkRequest({ action, site }, { ...REQUIRED[action], ...fields });
      return "taken";
    } catch (error) {
      if (error instanceof ApiError) return error.code;
      throw error;
    }
  };

  test("has the fields that are written down here, and no others", () => {
    const inSchema = Object.keys(SCHEMAS[action][site].properties);
    expect(inSchema.sort()).toEqual(Object.keys(fields).sort());
  });

  test("accepts a request with only the required fields, and none without one", () => {
    expect(send({})).toBe("taken");
    for (const field of Object.keys(REQUIRED[action])) {
      expect(send({ [field]: undefined })).toMatch(/^MissingParameter/);
    }
  });

  test.each(Object.entries(fields))(
    "accepts the right values of %s, and refuses the others",
    (name, { takes, refuses }) => {
      for (const [what, value] of Object.entries(takes)) {
        expect({ what, outcome: send({ [name]: value }) }).toEqual({ what, outcome: "taken" });
      }
      for (const [what, value] of Object.entries(refuses)) {
        const outcome = send({ [name]: value });
        expect({ what, outcome }).toEqual({
          what,
          outcome: expect.stringMatching(/^(Invalid|Missing)Parameter/),
        });
      }
    },
  );

  test("refuses every field of the other site and of the other actions", () => {
    const all = EVERY.flatMap((each) => Object.entries(CONTRACT[each.action][each.site]));
    const foreign = all.filter(([name]) => !Object.hasOwn(fields, name));
    expect(foreign).not.toEqual([]);
    for (const [name, { takes }] of foreign) {
      for (const value of Object.values(takes)) {
        expect({ name, outcome: send({ [name]: value }) }).toEqual({
          name,
          outcome: "UnknownParameter",
        });
      }
    }
  });
});
