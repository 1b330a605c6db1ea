/**
 * Right and wrong values of each field of a start and an update. The figures are those of TRTC's
 * API pages.
 */
import type { Site } from "../../../shared/contract/sites.js";
import {
  choice,
  type Field,
  flag,
  instant,
  number,
  printable,
  repeatNum,
  roomIdType,
  signedText,
  text,
  UNPRINTABLE,
} from "./field-values.js";

export const SdkAppId = number(1, 4_294_967_295);
export const TaskId = printable(256, { space: false });
export const StreamUrl = text(`https://media.example/${"a".repeat(2026)}`);
export const Volume = { intl: number(0, 100), cn: number(0, 200) };
export const Tempo = choice([0.5, 0.75, 1, 1.25, 1.5, 1.75, 2], [0, 0.6, 2.25, -1, "1", true]);
export const title = text("a ü任".padEnd(128, "t"), {
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

export const edits = (site: Site) => {
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

export const schedule = { StartTime: instant };
export const deadline = { MaxDuration: number(1, 10_080), StopTime: instant };

export const start = (site: Site) => ({
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

export const roomFilter = {
  SdkAppId,
  RoomId: text("a {[(<~|>)]}:;,.?!#$%&+-=@^_89XYZ".padEnd(64, "r"), {
    refuses: { ...UNPRINTABLE, "a quote": 'a"b', "a slash": "a/b", "a star": "a*b" },
  }),
  RoomIdType: roomIdType,
};
