/** Timers that run at intervals on independent machines: sometimes late, twice, or not at all. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { deliverNotifications } from "../../../shared/notifications/deliver.js";
import type { Platform } from "./platform.js";
import type { World } from "./world.js";

/** As in serverless.yml. */
const EACH_MINUTE = { limitMs: 60 * SECOND_MS, intervalMs: MINUTE_MS };
const TIMERS = [
  { ...EACH_MINUTE, name: "expire-ingests", limitMs: 100 * SECOND_MS, useCase: expireIngests },
  { ...EACH_MINUTE, name: "reconcile-ingests", useCase: reconcileIngests },
  { ...EACH_MINUTE, name: "deliver-notifications", useCase: deliverNotifications },
];
const ADVANCE = {
  name: "advance-ingests",
  limitMs: 60 * SECOND_MS,
  intervalMs: 10 * SECOND_MS,
  useCase: advanceIngests,
};

type Timer = (typeof TIMERS)[number] | typeof ADVANCE;

/** Without a scheduled start, advance-ingests would find nothing. */
export function runTimers(
  world: World,
  platform: Platform,
  { advances }: { advances: boolean },
): void {
  for (const timer of advances ? [...TIMERS, ADVANCE] : TIMERS) runTimer(world, platform, timer);
}

function runTimer(
  { timeline, random, faults }: World,
  platform: Platform,
  { name, limitMs, intervalMs, useCase }: Timer,
): void {
  const run = (atMs: number) => {
    timeline.at(atMs, () => {
      void platform.invoke<object>({
        name,
        limitMs,
        body: (services, timeLeftMs) => useCase(services, { timeLeftMs }),
      });
    });
  };
  const tick = (atMs: number): void => {
    timeline.at(atMs, () => {
      tick(atMs + intervalMs);
      const fault = faults.timer(name);
      if (fault === "lost tick") return;
      const lateMs =
        fault === "late tick"
          ? random.between(intervalMs / 12, (intervalMs / 6) * 5)
          : random.between(0, 1500);
      run(atMs + lateMs);
      if (random.chance(0.2)) run(atMs + random.between(0, intervalMs / 2));
    });
  };
  // The timers have been running for long when the first callers come.
  run(timeline.nowMs());
  tick(timeline.nowMs() + random.between(0, intervalMs));
}
