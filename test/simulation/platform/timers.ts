/** Timers that run every minute on independent machines: sometimes late, twice, or not at all. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { deliverNotifications } from "../../../shared/notifications/deliver.js";
import type { Platform } from "./platform.js";
import type { World } from "./world.js";

/** As in serverless.yml. */
const TIMERS = [
  { name: "expire-ingests", limitMs: 100 * SECOND_MS, useCase: expireIngests },
  { name: "reconcile-ingests", limitMs: 60 * SECOND_MS, useCase: reconcileIngests },
  { name: "deliver-notifications", limitMs: 60 * SECOND_MS, useCase: deliverNotifications },
];

type Timer = (typeof TIMERS)[number];

export function runTimers(world: World, platform: Platform): void {
  for (const timer of TIMERS) runTimer(world, platform, timer);
}

function runTimer(
  { timeline, random, faults }: World,
  platform: Platform,
  { name, limitMs, useCase }: Timer,
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
      tick(atMs + MINUTE_MS);
      const fault = faults.timer(name);
      if (fault === "lost tick") return;
      const lateMs = fault === "late tick" ? random.between(5000, 50_000) : random.between(0, 1500);
      run(atMs + lateMs);
      if (random.chance(0.2)) run(atMs + random.between(0, 30_000));
    });
  };
  // The timers have been running for long when the first callers come.
  run(timeline.nowMs());
  tick(timeline.nowMs() + random.between(0, MINUTE_MS));
}
