/** Draws schedules. A drawn window says in two ways when it comes: as text, and as sets of numbers. */
import type { Window } from "../../../../shared/calendar/windows.js";
import type { OverlapPolicy } from "../../../../shared/contract/schedules/fields.js";
import type { Definition } from "../../../../shared/store/schedules/schedule-row.js";
import { streamUrl } from "../../platform/sources.js";
import { badUrl } from "../../platform/trtc-side.js";
import type { Random } from "../../random.js";

/** Days of the month are 1 to 31, and days of the week 0 (Sunday) to 6. */
export interface DrawnWindow {
  window: Window;
  minutes: readonly number[];
  hours: readonly number[];
  isDay: (day: LocalDay) => boolean;
}

export interface LocalDay {
  month: number;
  date: number;
  weekday: number;
  /** The last date of its month. */
  last: number;
}

export const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "America/Santiago",
  "Asia/Shanghai",
  "Pacific/Chatham",
  "Africa/Casablanca",
] as const;

/** Days, and the text of the last three fields of cron. */
const DAYS: readonly { text: string; isDay: (day: LocalDay) => boolean }[] = [
  { text: "* * *", isDay: () => true },
  { text: "* * 1-5", isDay: ({ weekday }) => weekday >= 1 && weekday <= 5 },
  { text: "* * SUN", isDay: ({ weekday }) => weekday === 0 },
  { text: "* * 0,6", isDay: ({ weekday }) => weekday === 0 || weekday === 6 },
  { text: "* * SUN#3", isDay: ({ weekday, date }) => weekday === 0 && Math.ceil(date / 7) === 3 },
  { text: "* * SUN#L", isDay: ({ weekday, date, last }) => weekday === 0 && date > last - 7 },
  { text: "31 * *", isDay: ({ date }) => date === 31 },
  { text: "L * *", isDay: ({ date, last }) => date === last },
  { text: "29 2 *", isDay: ({ month, date }) => month === 2 && date === 29 },
  { text: "*/5 * *", isDay: ({ date }) => date % 5 === 1 },
  {
    text: "1-7 * MON",
    isDay: ({ weekday, date }) => weekday === 1 && date <= 7,
  },
];

const HOURS = [...Array(24).keys()];

/** A local time of each zone that comes twice a year, at a weekend. */
const TWICE: Readonly<Record<string, readonly [hour: number, minute: number]>> = {
  "Europe/Berlin": [2, 30],
  "America/New_York": [1, 30],
  "Australia/Lord_Howe": [1, 45],
  "America/Santiago": [23, 30],
  "Pacific/Chatham": [3, 15],
  "Africa/Casablanca": [2, 30],
};

/** Its end comes twice where the clocks go back. */
function drawFold(random: Random, [hour, minute]: readonly [number, number]): DrawnWindow {
  const start = hour * 60 + minute - random.pick([30, 45, 75]);
  const [hours, minutes] = [[Math.floor(start / 60)], [start % 60]];
  return {
    window: {
      recurrence: `${minutes.join()} ${hours.join()} * * 0,6`,
      endAt: `${two(hour)}:${two(minute)}`,
    },
    ...{ hours, minutes },
    isDay: ({ weekday }) => weekday === 0 || weekday === 6,
  };
}

/** One start of the year, as a local time without an offset. */
function drawOnce(random: Random, dates: readonly string[]): DrawnWindow {
  // Days that come once in the year.
  const day = random.pick(dates.slice(10));
  const hour = random.pick(STARTS);
  const minute = random.pick(MINUTES);
  const startAt = `${day}T${two(hour)}:${two(minute)}`;
  const end = random.chance(0.5)
    ? { endAt: drawEnd(random, hour) }
    : { durationSeconds: random.pick([20, 60, 600]) * 60 };
  const [, month, date] = day.split("-").map(Number);
  const isDay = (at: LocalDay) => at.month === month && at.date === date;
  return { window: { startAt, ...end }, minutes: [minute], hours: [hour], isDay };
}

const MINUTES = [0, 0, 15, 30, 30, 45, 59];
const STARTS = [0, 1, 1, 2, 2, 2, 3, 9, 12, 18, 23];

const two = (value: number) => String(value).padStart(2, "0");

function drawWindow(random: Random): DrawnWindow {
  const isHourly = random.chance(0.08);
  const minutes = [random.pick(MINUTES)];
  const hours = isHourly ? HOURS : [random.pick(STARTS)];
  if (!isHourly && random.chance(0.15)) hours.push(((hours[0] ?? 0) + 6) % 24);
  // Every hour of every day would be thousands.
  const { text, isDay } = isHourly
    ? { text: "25-31 3,10,11 *", isDay: IS_NEAR_CHANGE }
    : random.pick(DAYS);
  const hourText = isHourly ? "*" : hours.join(",");
  const recurrence = `${minutes.join(",")} ${hourText} ${text}`;
  const end =
    random.chance(0.35) && !isHourly
      ? { endAt: drawEnd(random, hours[0] ?? 0) }
      : { durationSeconds: random.pick([10, 20, 45, 60, 100]) * 60 };
  return { window: { recurrence, ...end }, minutes, hours, isDay };
}

const IS_NEAR_CHANGE = ({ month, date }: LocalDay): boolean =>
  date >= 25 && [3, 10, 11].includes(month);

/** Mostly within two hours of the start, so that some are in a gap or in a fold. */
function drawEnd(random: Random, hour: number): string {
  const minutes = (hour * 60 + random.pick([30, 60, 75, 90, 120, 150])) % 1440;
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export interface DrawnRules {
  windows: readonly DrawnWindow[];
  definition: Definition;
}

const hasShort = (windows: readonly DrawnWindow[]): boolean =>
  windows.some(({ minutes, window }) => window.endAt !== undefined && minutes.includes(59));

const POLICIES: readonly OverlapPolicy[] = ["Skip", "StopOther", "Extend"];

export interface DrawnFor {
  sdkAppId: number;
  room: string;
  name: string;
  /** Local dates to draw excluded ones from. */
  dates: readonly string[];
  /** The zone that gives a change up. It is drawn often. */
  zone: string;
  /** Its media may be bad: TRTC has to tell of them. */
  mayFail: boolean;
}

/** Sometimes in the second of a window's start, and sometimes between two minutes. */
const drawInstant = (random: Random, dates: readonly string[]): string =>
  `${random.pick(dates)}T${two(random.between(0, 23))}:${random.pick(["00:00", "30:00", "17:23"])}Z`;

interface DrawnMedia {
  name: string;
  isBad: boolean;
}

/** One source, or a list that goes on until the end of the window. */
function drawMedia(random: Random, { name, isBad }: DrawnMedia) {
  const good = streamUrl(null, name);
  if (isBad) return { StreamUrl: badUrl("broken", good), RestartsPerHour: random.pick([1, 2]) };
  if (random.chance(0.6)) return { StreamUrl: good };
  const Playlist = Array.from({ length: random.between(2, 3) }, (_, index) => ({
    StreamUrl: streamUrl(null, `${name}/${index}`),
    PlaySeconds: random.pick([150, 400, 1000]),
  }));
  return {
    Playlist,
    PlaylistRepeatNum: random.pick([-1, -1, 3]),
  };
}

export function drawRules(
  random: Random,
  { sdkAppId, room, name, dates, zone, mayFail }: DrawnFor,
): DrawnRules {
  const timeZone = random.chance(0.3) ? zone : random.pick(ZONES);
  const fold = TWICE[timeZone];
  const windows = [
    ...Array.from({ length: random.pick([1, 1, 2]) }, () => drawWindow(random)),
    ...(fold && random.chance(0.3) ? [drawFold(random, fold)] : []),
    ...Array.from({ length: random.pick([0, 0, 1, 3]) }, () => drawOnce(random, dates)),
  ];
  const isBad = mayFail && random.chance(0.3);
  const isShort = random.chance(0.3);
  return {
    windows,
    definition: {
      timeZone,
      windows: windows.map(({ window }) => window),
      startTime: random.chance(0.2) ? drawInstant(random, dates.slice(0, 200)) : null,
      endTime: random.chance(0.2) ? drawInstant(random, dates.slice(200)) : null,
      excludeDates: random.chance(0.6)
        ? [...new Set(Array.from({ length: 12 }, () => random.pick(dates)))]
        : [],
      // A window has to be longer than its delay.
      jitterSeconds: random.pick(hasShort(windows) ? [0, 30] : [0, 0, 30, 300]),
      ingest: {
        SdkAppId: sdkAppId,
        RoomId: room,
        RoomIdType: 0,
        ...drawMedia(random, { name, isBad }),
        ...(random.chance(0.25) && { UserId: `${name}${random.pick(["a", "b"])}` }),
      },
      overlapPolicy: random.pick(POLICIES),
      priority: random.pick([0, 0, 50, 100]),
      catchupSeconds: isShort ? random.pick([60, 600]) : null,
      lateStart: random.pick(["FromBeginning", "AtPosition"]),
      pauseAfterFailures: isBad || random.chance(0.2) ? random.pick([1, 2, 3]) : 0,
    },
  };
}
