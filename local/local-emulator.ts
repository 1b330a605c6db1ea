/** TRTC for a run on one machine: an emulator of its own, or one that runs already. */
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
  /** What its tasks go by, and so everything else of the run. */
  clock: AdjustableClock;
  close: () => Promise<void>;
}

export interface LocalEmulatorOptions {
  /** Of one that runs already, and is told itself where its events go. */
  endpoint: string | undefined;
  port: number;
  /** Where this one's events go. */
  callbackUrl: string;
  log: Log;
  /** Its tasks are gone, and its clock may have gone back. */
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
  const applications = DEFAULT_APPLICATIONS.map((each) => ({
    ...{ ...each, callbackUrl },
    callbackKey: localCallbackKey(each.sdkAppId),
  }));
  return startEmulator({
    ...{ port, accounts: DEFAULT_ACCOUNTS, applications },
    onReset: onBegunAnew,
    findIngests,
    logSourceFailure(failure) {
      const detail = sourceFailureText(failure);
      log({ level: "warn", function: "emulator", outcome: failure.reason, detail });
    },
  });
}
