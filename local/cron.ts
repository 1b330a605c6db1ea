/**
 * SCF's cron lines: seven fields, seconds first and the year last, in UTC+8, where a day of the
 * month and a day of the week that are both set mean either.
 */
import { Cron } from "croner";

const SCF_TIME_ZONE = "Asia/Shanghai";

/**
 * The first instant after `after` at which the line fires; `undefined` when there is none. Throws
 * an Error that names the line when it is no cron line of SCF.
 */
export function nextRunAt(cronExpression: string, after: Date): Date | undefined {
  return read(cronExpression).nextRun(after) ?? undefined;
}

function read(cronExpression: string): Cron {
  const fields = cronExpression.trim().split(/\s+/).length;
  if (fields !== 7)
    throw wrong(cronExpression, `it takes seven fields, seconds first; this has ${fields}`);
  try {
    return new Cron(cronExpression, { timezone: SCF_TIME_ZONE, paused: true });
  } catch (error) {
    throw wrong(cronExpression, error instanceof Error ? error.message : String(error));
  }
}

const wrong = (cronExpression: string, why: string): Error =>
  new Error(`"${cronExpression}" is no cron line of SCF: ${why}`);
