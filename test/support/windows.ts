/** The rules of a schedule with what a test does not care about. */
import type { Window, Windows } from "../../shared/calendar/windows.js";

export const rulesOf = (windows: Window | Window[], rules: Partial<Windows> = {}): Windows => ({
  timeZone: "Europe/Berlin",
  windows: Array.isArray(windows) ? windows : [windows],
  startTime: null,
  endTime: null,
  excludeDates: [],
  jitterSeconds: 0,
  ...rules,
});
