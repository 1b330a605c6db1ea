/** The promises of docs/schedules.md, over a year. */
import type { Check } from "../../checks/facts.js";
import type { Mood } from "../../faults.js";
import type { OracleRange } from "../drawn/oracle.js";
import type { YearRecord } from "../record.js";
import { STARTS } from "./starts.js";
import { ROOMS } from "./rooms.js";
import { WINDOWS } from "./windows.js";

export interface Year {
  record: YearRecord;
  range: OracleRange;
  mood: Mood;
  skewMaxMs: number;
  /** Neither the database nor the timers were away in this time. */
  isQuietTime: (fromMs: number, toMs: number) => boolean;
}

export const checksOfYear = (year: Year): Check[] => [
  ...STARTS(year),
  ...ROOMS(year),
  ...WINDOWS(year),
];
