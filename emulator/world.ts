/** The parts of the emulator, made once and passed down. */
import type { Clock } from "../shared/clock.js";
import type { AdjustableClock } from "./admin/adjustable-clock.js";
import type { CallLog } from "./api/call-log.js";
import type { Announcer } from "./callbacks/announcer.js";
import type { EndWatch } from "./callbacks/end-watch.js";
import type { CallbackRecords } from "./callbacks/records.js";
import type { FaultBoard } from "./faults/fault-board.js";
import type { OpenSource } from "./tasks/open-source.js";
import type { FindIngests } from "./page/explain.js";
import type { Accounts, Application } from "./accounts.js";
import type { TrtcAction } from "./api/schemas.js";
import type { SwitchBoard } from "./admin/switches.js";
import type { PictureSizes } from "./tasks/picture-size.js";
import type { Tasks } from "./tasks/tasks.js";

export interface World {
  /** The clock of tasks, callbacks, UserSigs and PrivateMapKeys. It can be moved forward. */
  clock: AdjustableClock;
  /** The clock of requests: the five minutes of signatures, and the calls in a second. */
  arrivalClock: Clock;
  accounts: Accounts;
  applications: ReadonlyMap<number, Application>;
  tasks: Tasks;
  openSource: OpenSource;
  pictureSizes: PictureSizes;
  switches: SwitchBoard;
  callLog: CallLog;
  faults: FaultBoard;
  announcer: Announcer;
  endWatch: EndWatch;
  callbacks: CallbackRecords;
  instance: Instance;
  findIngests: FindIngests | undefined;
  /** Aborts when the emulator closes. */
  signal: AbortSignal;
  onCall: OnCall | undefined;
  log: (entry: LogEntry) => void;
}

export interface Instance {
  /** Changes when the emulator forgets its tasks: after a restart and after a reset. */
  id: string;
  onReset?: (() => void) | undefined;
}

/** Gets every call that is signed and within its rate, unchanged, including its secrets. */
export type OnCall = (call: { action: TrtcAction; body: Buffer }) => void;

export interface LogEntry {
  requestId: string;
  /** An action of the emulator, or `unknown`. */
  action: string;
  /** `ok`, `not done` when a fault prevented the action, or the answered code. */
  outcome: string;
  /** The kind of the fault that hit the call. */
  fault?: string;
  /** A bug's stack. */
  detail?: string;
}
