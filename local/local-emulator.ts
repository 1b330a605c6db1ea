/** TRTC for a run on one machine: an emulator of its own, or one that runs already. */
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "./trtc/defaults.js";
import { startEmulator } from "./trtc/server.js";

export interface LocalEmulator {
  url: string;
  close: () => Promise<void>;
}

export async function localEmulator(
  endpoint: string | undefined,
  port: number,
): Promise<LocalEmulator> {
  if (endpoint !== undefined && endpoint !== "") {
    return { url: endpoint, close: () => Promise.resolve() };
  }
  return startEmulator({ port, accounts: DEFAULT_ACCOUNTS, applications: DEFAULT_APPLICATIONS });
}
