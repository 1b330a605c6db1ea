/**
 * TRTC's control plane on one machine: speaks Tencent Cloud API 3.0 as TRTC does, and plays what
 * it is told to play by the clock. What it imitates and what it does not is in README.md.
 */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
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
import type { Limits } from "./source/budget.js";
import {
  DEFAULT_SWITCHES,
  makeSwitchBoard,
  type SwitchBoard,
  type Switches,
} from "./admin/switches.js";
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
  /** Its own endpoints ask for no key, so listening beyond this machine has to be asked for. */
  allowRemote?: boolean;
  /** What tasks, UserSigs and PrivateMapKeys go by; a test moves it. */
  clock?: Clock;
  /**
   * What requests go by: their signatures' five minutes, and how many come in a second. Real time,
   * unless given: Tencent's SDKs sign by the machine's clock, which a test cannot move.
   */
  arrivalClock?: Clock;
  /** How much of a source is read, and for how long; what is usual is in probe.ts. */
  sourceLimits?: Limits;
  switches?: Partial<Switches>;
  faults?: readonly Fault[];
  /** Whose tasks these are, for the rooms' pages. */
  findIngests?: FindIngests;
  /** After `{"reset": true}`: the tasks are gone, and the clock is the machine's. */
  onReset?: () => void;
  /** For tests of what was sent. */
  onCall?: OnCall;
  log?: (entry: LogEntry) => void;
  /** Receives each failed try to open a source. Its StreamUrl may carry a token. */
  logSourceFailure?: (failure: LoggedFailure) => void;
}

export interface Emulator {
  url: string;
  port: number;
  /** Every task that was ever accepted, as it is at this instant. */
  tasks: () => TaskTruth[];
  calls: () => CallCounts[];
  /** The callbacks that were sent, the latest 10,000. */
  callbacks: () => readonly CallbackRecord[];
  switches: SwitchBoard;
  faults: FaultBoard;
  /** What tasks go by; a test may put it forward. */
  clock: AdjustableClock;
  close: () => Promise<void>;
}

/** A body of 10 MB takes no longer, even over a slow network. */
const REQUEST_TIME_LIMIT_MS = 30 * SECOND_MS;

/** Tencent allows 32 KB of query, which Node.js counts as header: room for it and the headers. */
const HEADER_BYTES_MAX = 64 * 1024;

/** Throws when it may not listen on the host, or cannot on the port. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { port = 0, host = "127.0.0.1", allowRemote = false } = options;
  if (!allowRemote && !isLoopback(host)) {
    throw new Error(`${host} is no loopback address: listening there has to be allowed explicitly`);
  }
  const closing = new AbortController();
  const world = makeWorld(options, closing.signal);
  const server = createServer(
    { requestTimeout: REQUEST_TIME_LIMIT_MS, maxHeaderSize: HEADER_BYTES_MAX },
    makeRoutes(world, { allowRemote }),
  );
  server.on("clientError", (_error, socket: Socket) => refuseBytes(socket));
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
  const applications = new Map(options.applications.map((each) => [each.sdkAppId, each]));
  const switches = makeSwitchBoard({ ...DEFAULT_SWITCHES, ...options.switches });
  const faults = makeFaultBoard(options.faults);
  const records = makeCallbackRecords();
  const delivering = { clock, answerClock: arrivalClock, signal, switches, faults, records };
  const deliver = makeDeliver(delivering);
  const announcer = makeAnnouncer({ clock, applications, switches, deliver });
  const endWatch = makeEndWatch({
    clock,
    signal,
    isWatched: (task) => announcer.isHeard(task),
    onStart: (task) => announcer.started(task),
    onEnd: (task, end) => announcer.ended(task, end),
  });
  const tasks = makeTasks(clock, { listener: endWatch });
  const opening = {
    tasks,
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
    ...{ clock, arrivalClock, applications, tasks, switches, faults, announcer, endWatch, signal },
    accounts: options.accounts,
    openSource: makeOpenSource(opening),
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

/** Bytes that are no HTTP have no envelope to be answered in. */
function refuseBytes(socket: Socket): void {
  if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  else socket.destroy();
}

/** Cuts what is still open: nobody who stops the emulator wants to wait for an idle connection. */
const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
