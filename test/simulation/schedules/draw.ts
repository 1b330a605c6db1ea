/** Draws schedules. A drawn window says in two ways when it comes: as text, and as sets of numbers. */
import type { Window } from "../../../shared/calendar/windows.js";
import type { OverlapPolicy } from "../../../shared/contract/schedules/fields.js";
import type { Definition } from "../../../shared/store/schedules/schedule-row.js";
import { streamUrl } from "../platform/sources.js";
import type { Random } from "../random.js";

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

function drawWindow(random: Random): DrawnWindow {
  const isHourly = random.chance(0.08);
  const minutes = [random.pick([0, 0, 15, 30, 30, 45, 59])];
  const hours = isHourly ? HOURS : [random.pick([0, 1, 1, 2, 2, 2, 3, 9, 12, 18, 23])];
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
  const two = (value: number) => String(value).padStart(2, "0");
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
}

export function drawRules(random: Random, { sdkAppId, room, name, dates }: DrawnFor): DrawnRules {
  const windows = Array.from({ length: random.pick([1, 1, 2]) }, () => drawWindow(random));
  const isShort = random.chance(0.3);
  return {
    windows,
    definition: {
      timeZone: random.pick(ZONES),
      windows: windows.map(({ window }) => window),
      startTime: null,
      endTime: null,
      excludeDates: random.chance(0.6)
        ? [...new Set(Array.from({ length: 12 }, () => random.pick(dates)))]
        : [],
      // A window has to be longer than its delay.
      jitterSeconds: random.pick(hasShort(windows) ? [0, 30] : [0, 0, 30, 300]),
      ingest: {
        SdkAppId: sdkAppId,
        RoomId: room,
        RoomIdType: 0,
        StreamUrl: streamUrl(null, name),
      },
      overlapPolicy: random.pick(POLICIES),
      priority: random.pick([0, 0, 50, 100]),
      catchupSeconds: isShort ? random.pick([60, 600]) : null,
      lateStart: random.pick(["FromBeginning", "AtPosition"]),
      pauseAfterFailures: 0,
    },
  };
}
