/** Right and wrong values of each field of the schedule actions. */
import type { ScheduleAction } from "../../../shared/contract/schedules/schemas.js";
import { type Site, SITES } from "../../../shared/contract/sites.js";
import {
  choice,
  type Field,
  flag,
  instant,
  number,
  OF_NO_TYPE,
  printable,
  text,
  UNPRINTABLE,
} from "./field-values.js";
import { SCHEDULE_ID, SCHEDULE_INGEST } from "./schedules.js";
import { roomFilter, start, Tempo, title } from "./start-values.js";

type Fields = Record<string, Field>;

const LONGEST_SECONDS = 31_622_400;

const form = (right: Record<string, string>, wrong: Record<string, unknown>): Field => ({
  takes: right,
  refuses: { "the empty text": "", "a number": 7, ...UNPRINTABLE, ...OF_NO_TYPE, ...wrong },
});

const ScheduleId = form(
  { "its form": SCHEDULE_ID },
  {
    "a TaskId": SCHEDULE_ID.replace("schedule", "ing"),
    "a shorter one": SCHEDULE_ID.slice(0, -1),
    "a longer one": `${SCHEDULE_ID}a`,
    "large letters": SCHEDULE_ID.toUpperCase(),
  },
);

/** An object with each value of each of its fields, beside the fields of `base`. */
function objects(base: object, fields: Fields): Field {
  const values = (kind: keyof Field) =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([name, field]) =>
        Object.entries(field[kind]).map(
          ([what, value]) => [`${name}: ${what}`, { ...base, [name]: value }] as const,
        ),
      ),
    );
  return {
    takes: { ...values("takes"), "what it needs": base },
    refuses: { ...values("refuses"), null: null, "a list": [base], "a text": "{}" },
  };
}

const asLists = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).map(([what, value]) => [what, [value]]));

const list = ({ takes, refuses }: Field, { most, one }: { most: number; one: unknown }): Field => ({
  takes: { ...asLists(takes), [`${most} items`]: Array(most).fill(one) },
  refuses: {
    ...asLists(refuses),
    [`${most + 1} items`]: Array(most + 1).fill(one),
    "one item without its list": one,
    null: null,
  },
});

const DurationSeconds = number(60, LONGEST_SECONDS);

const WINDOW = { Recurrence: "0 9 * * 1-5", DurationSeconds: 3600 };

const window = objects(WINDOW, {
  Recurrence: text("*/5 1,2 L W#2 ?".padEnd(256, "5"), { refuses: UNPRINTABLE }),
  StartAt: form(
    { minutes: "2026-01-05T09:00", seconds: "2026-01-05T09:00:30" },
    { "an offset": "2026-01-05T09:00+01:00", UTC: "2026-01-05T09:00Z", "a day": "2026-01-05" },
  ),
  DurationSeconds,
  EndAt: form(
    { midnight: "00:00", "the last minute": "23:59" },
    { "hour 24": "24:00", "one digit": "9:00", seconds: "09:00:00", "minute 60": "09:60" },
  ),
});

const Windows = list(window, { most: 20, one: WINDOW });

const ExcludeDates = list(
  form({ "a date": "2026-12-24" }, { "a time": "2026-12-24T00:00", "a short one": "2026-1-1" }),
  { most: 366, one: "2026-12-24" },
);

/** These are refused inside Ingest. */
const TIMES = ["UserSig", "PrivateMapKey", "StartTime", "StopTime", "MaxDuration"].concat(
  "ExtendableUntil",
  "ClientToken",
  "StartWindowSeconds",
);

function ingest(site: Site): Field {
  const fields: Fields = {
    ...start(site),
    ...(site === "cn" && { EnableProgress: flag, Tempo, IdleTimeout: number(0, 600) }),
  };
  const own = Object.entries(fields).filter(([name]) => !TIMES.includes(name));
  const { takes, refuses } = objects(SCHEDULE_INGEST, Object.fromEntries(own));
  return {
    takes,
    refuses: {
      ...refuses,
      "no SdkAppId": { ...SCHEDULE_INGEST, SdkAppId: undefined },
      "no RoomId": { ...SCHEDULE_INGEST, RoomId: undefined },
    },
  };
}

const settings = (site: Site) => ({
  Name: title,
  Comment: {
    takes: { nothing: "", lines: "a\n\tü", "1024 characters": "任".repeat(1024) },
    refuses: {
      "1025 characters": "a".repeat(1025),
      "a NUL": "a\0b",
      "half of a surrogate pair": "a\ud83d",
      "a number": 7,
      ...OF_NO_TYPE,
    },
  },
  Ingest: ingest(site),
  TimeZone: text("Etc/GMT+1_-".padEnd(64, "a"), {
    refuses: { ...UNPRINTABLE, "a space": "Europe/New York", "an offset": "+01:00" },
  }),
  Windows,
  StartTime: instant,
  EndTime: instant,
  ExcludeDates,
  OverlapPolicy: choice(["Skip", "StopOther", "Extend"], ["skip", "Cut", "", 1]),
  Priority: number(0, 100),
  CatchupSeconds: number(0, LONGEST_SECONDS),
  LateStart: choice(["FromBeginning", "AtPosition"], ["Beginning", "", 1]),
  StartJitterSeconds: number(0, 900),
  PauseAfterFailures: number(0, 1000),
  State: choice(["Enabled", "Paused"], ["Deleted", "enabled", "", 1]),
});

const ClientToken = printable(64, { space: true });

const page = { Limit: number(1, 100), Cursor: printable(128, { space: false }) };

const named = { ScheduleId };

const bySite = <T>(fieldsOf: (site: Site) => T) =>
  Object.fromEntries(SITES.map((site) => [site, fieldsOf(site)])) as Record<Site, T>;

export const SCHEDULE_CONTRACT: Record<ScheduleAction, Record<Site, Fields>> = {
  CreateIngestSchedule: bySite((site) => ({ ...settings(site), ClientToken })),
  UpdateIngestSchedule: bySite((site) => ({ ...named, ...settings(site), ClientToken })),
  DeleteIngestSchedule: bySite(() => ({ ...named, StopRunning: flag })),
  DescribeIngestSchedule: bySite(() => named),
  ListIngestSchedules: bySite((site) => {
    const { Name, State } = settings(site);
    return { ...roomFilter, Name, State, ...page };
  }),
  PreviewIngestSchedule: bySite((site) => ({
    ...named,
    ...settings(site),
    From: instant,
    Count: number(1, 100),
  })),
  RunIngestSchedule: bySite(() => ({ ...named, DurationSeconds, ClientToken })),
  SkipIngestOccurrence: bySite(() => ({ ...named, StartTime: instant })),
  ListIngestOccurrences: bySite(() => ({
    ...named,
    ...roomFilter,
    State: choice(
      ["Planned", "Running", "Done", "Skipped", "Missed", "Failed", "Cut"],
      ["planned", "Enabled", "", 1],
    ),
    From: instant,
    To: instant,
    ...page,
  })),
};
