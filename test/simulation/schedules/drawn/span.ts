/** When a year begins and ends. */
import { MINUTE_MS } from "../../../../shared/clock.js";

export const DAY_MS = 1440 * MINUTE_MS;

export const DAYS = 366;

/** 29 February 2028 is in it. */
export const START_MS = Date.parse("2027-07-01T00:00:00Z");
export const END_MS = START_MS + DAYS * DAY_MS;

/** Faults end so long before the end, so that all is over by then. */
export const FAULTS_END_MS = END_MS - 6 * DAY_MS;

/** Schedules that are left are deleted. Their last windows end before the year. */
export const DELETED_MS = END_MS - DAY_MS;

/** From here on, windows are no longer judged. */
export const JUDGED_UNTIL_MS = END_MS - 2 * DAY_MS;
