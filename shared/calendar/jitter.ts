/** The delay of a start: other schedules at the same minute have another one. */
import { createHash } from "node:crypto";

/** From no delay up to `jitterSeconds`, in whole seconds. One occurrence always has the same. */
export function startWithJitter(scheduleId: string, nominalAt: Date, jitterSeconds: number): Date {
  if (jitterSeconds <= 0) return nominalAt;
  const occurrence = `${scheduleId} ${nominalAt.toISOString()}`;
  const hash = createHash("sha256").update(occurrence).digest().readUInt32BE(0);
  return new Date(nominalAt.getTime() + (hash % (jitterSeconds + 1)) * 1000);
}
