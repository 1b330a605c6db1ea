/**
 * TRTC's control plane on one machine. It speaks Tencent Cloud API 3.0 as TRTC does, and its tasks
 * play by the clock. README.md says what it imitates and what it does not.
 */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, SECOND_MS, systemClock } from "../shared/clock.js";
import { type AdjustableClock, adjustableClock } from "./admin/adjustable-clock.js";
import { allTruths } from "./admin/admin.js";
import { boundedProbe } from "./source/bounded-probe.js";
import { type CallCounts, makeCallLog } from "./api/call-log.js";
import { makeAnnouncer } from "./callbacks/announcer.js";
import { makeDeliver } from "./callbacks/delivery.js";
import { makeEndWatch } from "./callbacks/end-watch.js";
import { type CallbackRecord, makeCallbackRecords } from "./callbacks/records.js";
import type { Fault } from "./faults/fault.js";
import { type FaultBoard, makeFaultBoard } from "./faults/fault-board.js";
import { isLoopback } from "./api/loopback.js";
import { type LoggedFailure, makeOpenSource } from "./tasks/open-source.js";
import type { Accounts, Application } from "./accounts.js";
import { probe } from "./source/probe.js";
import { makeRoutes } from "./routes.js";
import { sharedProbe } from "./source/shared-probe.js";
import type { FindIngests } from "./page/explain.js";
import type { Limits } from "../shared/media/budget.js";
import { answerUnreadable, HEADER_BYTES_MAX } from "../shared/network/unreadable.js";
import {
  DEFAULT_SWITCHES,
  makeSwitchBoard,
  type SwitchBoard,
  type Switches,
} from "./admin/switches.js";
import { makePictureSizes } from "./tasks/picture-size.js";
import { makeTasks } from "./tasks/tasks.js";
import type { TaskTruth } from "./tasks/truth.js";
import type { LogEntry, OnCall, World } from "./world.js";

export interface EmulatorOptions {
  /** By SecretId. */
  accounts: Accounts;
  applications: readonly Application[];
  /** Default: any free port. */
  port?: number;
  /** Default: 127.0.0.1. */
  host?: string;
  /** Its own endpoints require no key, so listening beyond this machine needs this flag. */
  allowRemote?: boolean;
  /** The clock of tasks, UserSigs and PrivateMapKeys. A test moves it. */
  clock?: Clock;
  /**
   * The clock of requests: the five minutes of signatures, and the calls in a second. Default: real
   * time, because Tencent's SDKs sign by the machine's clock, which a test cannot move.
   */
  arrivalClock?: Clock;
  /** Limits on bytes and time for reading a source. probe.ts has the defaults. */
  sourceLimits?: Limits;
  switches?: Partial<Switches>;
  faults?: readonly Fault[];
  /** Finds the ingests behind tasks, for the rooms' pages. */
  findIngests?: FindIngests;
  /** Called after `{"reset": true}`, when the tasks are gone and the clock is the machine's. */
  onReset?: () => void;
  /** Lets tests see each call. */
  onCall?: OnCall;
  log?: (entry: LogEntry) => void;
  /** Receives each failed attempt to open a source. Its StreamUrl may carry a token. */
  logSourceFailure?: (failure: LoggedFailure) => void;
}

export interface Emulator {
  url: string;
  port: number;
  /** Every task ever accepted, as it is now. */
  tasks: () => TaskTruth[];
  calls: () => CallCounts[];
  /** The latest 10,000 callbacks. */
  callbacks: () => readonly CallbackRecord[];
  switches: SwitchBoard;
  faults: FaultBoard;
  /** The clock of tasks. A test may move it forward. */
  clock: AdjustableClock;
  close: () => Promise<void>;
}

/** Enough for a body of 10 MB over a slow network. */
const REQUEST_TIME_LIMIT_MS = 30 * SECOND_MS;

/** Throws when it may not listen on the host, or cannot listen on the port. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { port = 0, host = "127.0.0.1", allowRemote = false } = options;
  if (!allowRemote && !isLoopback(host)) {
    throw new Error(`${host} is not a loopback address: allow listening there explicitly`);
  }
  const closing = new AbortController();
  const world = makeWorld(options, closing.signal);
  const server = createServer(
    { requestTimeout: REQUEST_TIME_LIMIT_MS, maxHeaderSize: HEADER_BYTES_MAX },
    makeRoutes(world, { allowRemote }),
  );
  answerUnreadable(server);
  const bound = await listen(server, { port, host });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    tasks: () => allTruths(world),
    calls: () => world.callLog.counts(),
    callbacks: () => world.callbacks.all(),
    switches: world.switches,
    faults: world.faults,
    clock: world.clock,
    close: () => {
      closing.abort();
      return close(server);
    },
  };
}

function makeWorld(options: EmulatorOptions, signal: AbortSignal): World {
  const { arrivalClock = systemClock } = options;
  const clock = adjustableClock(options.clock ?? systemClock);
  const applications = new Map(
    options.applications.map((application) => [application.sdkAppId, application]),
  );
  const switches = makeSwitchBoard({ ...DEFAULT_SWITCHES, ...options.switches });
  const faults = makeFaultBoard(options.faults);
  const records = makeCallbackRecords();
  const delivering = { clock, answerClock: arrivalClock, signal, switches, faults, records };
  const deliver = makeDeliver(delivering);
  const announcer = makeAnnouncer({ clock, applications, switches, deliver });
  const endWatch = makeEndWatch({
    clock,
    signal,
    isWatched: (task) => announcer.hasCallback(task),
    onStart: (task) => announcer.started(task),
    onEnd: (task, end) => announcer.ended(task, end),
  });
  const tasks = makeTasks(clock, { listener: endWatch });
  const pictureSizes = makePictureSizes();
  const opening = {
    tasks,
    pictureSizes,
    clock,
    signal,
    announcer,
    logFailure: options.logSourceFailure,
    probe: sharedProbe(
      boundedProbe((url) => probe(url, options.sourceLimits)),
      arrivalClock,
    ),
  };
  return {
    clock,
    arrivalClock,
    applications,
    tasks,
    switches,
    faults,
    announcer,
    endWatch,
    signal,
    accounts: options.accounts,
    openSource: makeOpenSource(opening),
    pictureSizes,
    callLog: makeCallLog(),
    callbacks: records,
    findIngests: options.findIngests,
    instance: { id: randomUUID(), onReset: options.onReset },
    onCall: options.onCall,
    log: options.log ?? (() => undefined),
  };
}

async function listen(server: Server, at: { port: number; host: string }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Cuts open connections, so that stopping does not wait for idle ones. */
const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
