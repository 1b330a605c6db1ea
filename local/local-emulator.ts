/** TRTC for a run on one machine: an emulator of its own, or one that runs already. */
import type { Log } from "../shared/log.js";
import { localCallbackKey } from "./local-environment.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "./trtc/defaults.js";
import { sourceFailureText } from "./trtc/open-source.js";
import { startEmulator } from "./trtc/server.js";

export interface LocalEmulator {
  url: string;
  close: () => Promise<void>;
}

export interface LocalEmulatorOptions {
  /** Of one that runs already, and is told itself where its events go. */
  endpoint: string | undefined;
  port: number;
  /** Where this one's events go. */
  callbackUrl: string;
  log: Log;
}

export async function localEmulator({
  endpoint,
  port,
  callbackUrl,
  log,
}: LocalEmulatorOptions): Promise<LocalEmulator> {
  if (endpoint !== undefined && endpoint !== "") {
    return { url: endpoint, close: () => Promise.resolve() };
  }
  const applications = DEFAULT_APPLICATIONS.map((each) => ({
    ...{ ...each, callbackUrl },
    callbackKey: localCallbackKey(each.sdkAppId),
  }));
  return startEmulator({
    ...{ port, accounts: DEFAULT_ACCOUNTS, applications },
    logSourceFailure(failure) {
      const detail = sourceFailureText(failure);
      log({ level: "warn", event: "emulator", outcome: failure.reason, detail });
    },
  });
}
