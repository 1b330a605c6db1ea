/** The whole project on a clock that a test moves, so that days take no time. */
import type { Clock } from "../../../shared/clock.js";
import type { Environment } from "../../../shared/config/environment.js";
import type { Services } from "../../../shared/ingest/services.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { type RtmpServer, startRtmpServer } from "../media/rtmp-server.js";
import { type TestApp, startTestApp, type TrtcHandle } from "./test-app.js";
import { countedBy, type ManualClock, manualClock } from "./manual-clock.js";

export interface TimedApp {
  clock: ManualClock;
  app: TestApp;
  trtc: TrtcHandle;
  /** For use cases that are called directly: time waits for their queries and calls. */
  services: Services;
}

export interface TimedAppOptions {
  database?: Database;
  env?: Environment;
  timers?: boolean;
}

export async function startTimedApp(options: TimedAppOptions = {}): Promise<TimedApp> {
  const clock = manualClock();
  const app = await startTestApp({
    ...options,
    clock,
    seen: (services) => ({
      ...services,
      store: countedBy(clock, services.store),
      trtc: countedBy(clock, services.trtc),
    }),
    // The emulator counts calls by real time, and here no time passes.
    emulator: { switches: { callsPerSecond: 100_000 } },
    env: {
      EXPIRY_TICK_SECONDS: "60",
      ADVANCE_TICK_SECONDS: "10",
      TRTC_TIMEOUT_SECONDS: "2",
      ...options.env,
    },
  });
  return { clock, app, trtc: app.trtc, services: app.services };
}

export interface LiveApp extends TimedApp {
  /** A source without an end. */
  live: RtmpServer;
  close: () => Promise<void>;
}

/** A timed app beside a live source. */
export async function startLiveApp(options: TimedAppOptions = {}): Promise<LiveApp> {
  const live = await startRtmpServer();
  const timed = await startTimedApp(options);
  return {
    ...timed,
    live,
    async close() {
      await timed.app.close();
      await live.close();
    },
  };
}

/** The time that a run has left, of this many milliseconds from now on. */
export function timeLeft(clock: Clock, ms: number): () => number {
  const endsMs = clock.elapsedMs() + ms;
  return () => endsMs - clock.elapsedMs();
}
