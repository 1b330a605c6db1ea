/**
 * TRTC's control plane on one machine: speaks Tencent Cloud API 3.0 as TRTC does, and plays what
 * it is told to play by the clock. What it imitates and what it does not is in README.md.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Clock, SECOND_MS, systemClock } from "../../shared/clock.js";
import { allTruths } from "./admin.js";
import { type CallCounts, makeCallLog } from "./call-log.js";
import { isLoopback } from "./loopback.js";
import { makeOpenSource } from "./open-source.js";
import type { Accounts, Application } from "./parties.js";
import { type Probe, probe } from "./probe.js";
import { makeRoutes } from "./routes.js";
import { sharedProbe } from "./shared-probe.js";
import type { Limits } from "./source/budget.js";
import { DEFAULT_SWITCHES, makeSwitchBoard, type SwitchBoard, type Switches } from "./switches.js";
import { makeTasks } from "./tasks.js";
import type { TaskTruth } from "./truth.js";
import type { LogEntry, World } from "./world.js";

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
  switches?: Partial<Switches>;
  /** What opening a source may cost; a test has less patience. */
  sourceLimits?: Limits;
  log?: (entry: LogEntry) => void;
}

export interface Emulator {
  url: string;
  port: number;
  /** Every task that was ever accepted, as it is at this instant. */
  tasks: () => TaskTruth[];
  calls: () => CallCounts[];
  switches: SwitchBoard;
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
    switches: world.switches,
    close: () => {
      closing.abort();
      return close(server);
    },
  };
}

function makeWorld(options: EmulatorOptions, signal: AbortSignal): World {
  const { clock = systemClock, arrivalClock = systemClock } = options;
  const tasks = makeTasks(clock);
  const open: Probe = (streamUrl) => probe(streamUrl, options.sourceLimits);
  const opening = { tasks, clock, signal, probe: sharedProbe(open, arrivalClock) };
  return {
    clock,
    arrivalClock,
    accounts: options.accounts,
    applications: new Map(options.applications.map((each) => [each.sdkAppId, each])),
    tasks,
    openSource: makeOpenSource(opening),
    switches: makeSwitchBoard({ ...DEFAULT_SWITCHES, ...options.switches }),
    callLog: makeCallLog(),
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
