/** TRTC for a run on one machine: an emulator of its own, or one that already runs. */
import { systemClock } from "../shared/clock.js";
import type { Log } from "../shared/log.js";
import { followClock } from "./environment/follow-clock.js";
import { localCallbackKey } from "./environment/local-environment.js";
import { type AdjustableClock, adjustableClock } from "../emulator/admin/adjustable-clock.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "../emulator/defaults.js";
import { sourceFailureText } from "../emulator/tasks/open-source.js";
import type { FindIngests } from "../emulator/page/explain.js";
import { startEmulator } from "../emulator/server.js";

export interface LocalEmulator {
  url: string;
  /** The clock of its tasks, which the whole run uses. */
  clock: AdjustableClock;
  close: () => Promise<void>;
}

export interface LocalEmulatorOptions {
  /** The address of an emulator that already runs. It has its own callback settings. */
  endpoint: string | undefined;
  port: number;
  /** The URL for this emulator's events. */
  callbackUrl: string;
  log: Log;
  /** Called when its tasks are gone. Its clock may have gone back. */
  onBegunAnew: () => void;
  findIngests: FindIngests;
}

export async function localEmulator({
  endpoint,
  port,
  callbackUrl,
  log,
  onBegunAnew,
  findIngests,
}: LocalEmulatorOptions): Promise<LocalEmulator> {
  if (endpoint !== undefined && endpoint !== "") {
    const clock = adjustableClock(systemClock);
    const close = followClock(endpoint, { clock, onBegunAnew });
    return { url: endpoint, clock, close };
  }
  const applications = DEFAULT_APPLICATIONS.map((application) => ({
    ...application,
    callbackUrl,
    callbackKey: localCallbackKey(application.sdkAppId),
  }));
  return startEmulator({
    port,
    accounts: DEFAULT_ACCOUNTS,
    applications,
    onReset: onBegunAnew,
    findIngests,
    logSourceFailure(failure) {
      const detail = sourceFailureText(failure);
      log({ level: "warn", function: "emulator", outcome: failure.reason, detail });
    },
  });
}
