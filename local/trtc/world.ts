/** Everything that the emulator is made of, made once and handed down. */
import type { Clock } from "../../shared/clock.js";
import type { CallLog } from "./call-log.js";
import type { OpenSource } from "./open-source.js";
import type { Accounts, Application } from "./parties.js";
import type { SwitchBoard } from "./switches.js";
import type { Tasks } from "./tasks.js";

export interface World {
  /** What tasks, UserSigs and PrivateMapKeys go by. */
  clock: Clock;
  /** What requests go by: their signatures' five minutes, and how many come in a second. */
  arrivalClock: Clock;
  accounts: Accounts;
  applications: ReadonlyMap<number, Application>;
  tasks: Tasks;
  openSource: OpenSource;
  switches: SwitchBoard;
  callLog: CallLog;
  log: (entry: LogEntry) => void;
}

export interface LogEntry {
  requestId: string;
  /** An action of the emulator, or `unknown`. */
  action: string;
  /** `ok`, or the code that was answered. */
  outcome: string;
  /** A bug's stack. */
  detail?: string;
}
