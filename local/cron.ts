/**
 * SCF's cron lines: seven fields, seconds first and the year last, in UTC+8, where a day of the
 * month and a day of the week that are both set mean either.
 */
import { Cron } from "croner";

const SCF_TIME_ZONE = "Asia/Shanghai";

/** The first instant after `after` at which the line fires; `undefined` when there is none. */
export function nextRunAt(cronExpression: string, after: Date): Date | undefined {
  const fields = cronExpression.trim().split(/\s+/).length;
  if (fields !== 7) {
    throw new Error(`A cron line of SCF has seven fields, seconds first; this has ${fields}`);
  }
  const cron = new Cron(cronExpression, { timezone: SCF_TIME_ZONE, paused: true });
  return cron.nextRun(after) ?? undefined;
}
