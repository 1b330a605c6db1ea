/** The whole project on a clock that a test moves, so that days take no time. */
import type { Environment } from "../../../shared/config/environment.js";
import type { Services } from "../../../shared/ingest/services.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { type TestApp, startTestApp, type TrtcHandle } from "./test-app.js";
import { countedBy, type ManualClock, manualClock } from "./manual-clock.js";

export interface TimedApp {
  clock: ManualClock;
  app: TestApp;
  trtc: TrtcHandle;
  /** For use cases that are called directly: time waits for their queries and calls. */
  services: Services;
}

export async function startTimedApp(
  of: { database?: Database; env?: Environment; timers?: boolean } = {},
): Promise<TimedApp> {
  const clock = manualClock();
  const app = await startTestApp({
    ...of,
    clock,
    seen: (services) => ({
      ...services,
      store: countedBy(clock, services.store),
      trtc: countedBy(clock, services.trtc),
    }),
    // The emulator counts calls by real time, and here no time passes.
    emulator: { switches: { callsPerSecond: 100_000 } },
    env: { EXPIRY_TICK_SECONDS: "60", TRTC_TIMEOUT_SECONDS: "2", ...of.env },
  });
  return { clock, app, trtc: app.trtc, services: app.services };
}
