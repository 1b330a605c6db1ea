/** The rules that say when a schedule has an ingest, as data. */

/** One window: when it starts, and how long it lasts. */
export interface Window {
  /** A cron expression of five fields, in the schedule's time zone. */
  recurrence?: string;
  /** A local date and time without an offset, once. */
  startAt?: string;
  /** The elapsed time. */
  durationSeconds?: number;
  /** The local time of day of the end, as `HH:MM`. */
  endAt?: string;
}

export interface Windows {
  /** An IANA name, for example `Europe/Berlin`. */
  timeZone: string;
  windows: Window[];
  /** No occurrence starts before it. An instant, as sent. */
  startTime: string | null;
  /** No occurrence starts at it or after it. */
  endTime: string | null;
  /** Local dates, as `YYYY-MM-DD`: no occurrence starts on them. */
  excludeDates: string[];
  /** Each start is delayed by up to this, always by the same. */
  jitterSeconds: number;
}

/** Why a window of the rules has no occurrence. */
export type WindowSkip = "DstGap" | "Excluded";

/** One window at one instant. */
export interface PlannedWindow {
  /** The start without jitter. It names the occurrence. */
  nominalAt: Date;
  endsAt: Date;
  /** The local times with their offset, for example `2027-03-28T03:00:00+02:00`. */
  localStart: string;
  localEnd: string;
  /** Absent: it takes place. */
  skipped?: WindowSkip;
  /** A sentence about daylight saving, where it changes the start or the end. */
  note?: string;
}
