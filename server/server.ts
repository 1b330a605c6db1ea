/**
 * The functions as one server: HTTP, timers and a pool of connections in one process. Any number of
 * servers may share a database, because each is one more instance.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { SECOND_MS, systemClock } from "../shared/clock.js";
import { readConfig } from "../shared/config/configuration.js";
import type { Environment } from "../shared/config/environment.js";
import { ConfigError } from "../shared/config/read-variables.js";
import { asApiError } from "../shared/contract/errors.js";
import type { Log } from "../shared/log.js";
import { makeServices, openDatabases } from "../shared/runtime/services.js";
import type { Database } from "../shared/store/engine/database.js";
import { answerUnreadable, HEADER_BYTES_MAX } from "../shared/network/unreadable.js";
import { openPostgres } from "../shared/store/engine/postgres.js";
import { readVersion, versionChecked, versionFault } from "../shared/store/schema/version.js";
import { loadFunctions } from "./declared/functions.js";
import { asksReady, pathsOf, refuseBroken, refuseEnding, serveFunction } from "./http.js";
import { closeServer, listen } from "./listen.js";
import { type Ending, makeEnding } from "./platform.js";
import { startTimers, type Timers } from "./timers.js";

export interface ServerOptions {
  env: Environment;
  host: string;
  /** 0: any free port. */
  port: number;
  /** Connections to each database at most. */
  connections: number;
  log: Log;
}

export interface RunningServer {
  url: string;
  /**
   * Says that it is not ready, takes requests for 2 s more, finishes what is under way and closes.
   * Resolves within 10 s. Its timers take nothing new: what is due later stays due for another server.
   */
  drain: () => Promise<void>;
}

/** Requests and runs under way have so long. The process ends within 10 s. */
const DRAIN_MS = 9 * SECOND_MS;

/** So long `/ready` says no before connections are refused. A load balancer asks it every second or two. */
const TURN_AWAY_MS = 2 * SECOND_MS;

/** After an answer it takes a moment to close the connections. */
const CLOSE_MS = DRAIN_MS - TURN_AWAY_MS + SECOND_MS / 2;

/** Throws ConfigError for settings that no server can run with. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { env, log } = options;
  const config = readConfig(env);
  const { databaseUrl, databaseCa: ca } = config;
  if (databaseUrl === undefined) {
    throw new ConfigError("DATABASE_URL is not set: a server needs PostgreSQL");
  }
  const opened: Database[] = [];
  const databases = openDatabases({ ...config, databaseUrl }, (url) => {
    const postgres = openPostgres({ url, ca }, { connectionsMax: options.connections });
    opened.push(postgres);
    return versionChecked(postgres);
  });
  const services = makeServices({ config, ...databases, log });
  const ending = makeEnding(DRAIN_MS);
  let timers: Timers | undefined;
  const close = async () => {
    await timers?.close();
    services.trtc.close();
    await Promise.all(opened.map((postgres) => postgres.close()));
  };
  try {
    await Promise.all(opened.map(({ query }) => requireVersion(query, log)));
    const functions = await loadFunctions(() => Promise.resolve(services), env);
    // A wrong cron line is told before anything listens.
    timers = startTimers(functions, systemClock, ending);
    const server = createHttpServer(pathsOf(functions), ending);
    const url = await listen(server, options);
    const drain = async () => {
      ending.begin();
      const closed = systemClock.sleep(TURN_AWAY_MS).then(() => closeServer(server, CLOSE_MS));
      await Promise.all([closed, timers?.close()]);
      await close();
    };
    let drained: Promise<void> | undefined;
    return { url, drain: () => (drained ??= drain()) };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Throws ConfigError for a database of another version. One that does not answer may come back, and
 * `/ready` says so meanwhile.
 */
async function requireVersion(query: Parameters<typeof readVersion>[0], log: Log): Promise<void> {
  const version = await readVersion(query).catch((error: unknown) => {
    const { code: outcome, detail } = asApiError(error);
    log({ level: "warn", function: "server", outcome, detail });
    return undefined;
  });
  const fault = version && versionFault(version);
  if (fault !== undefined) throw new ConfigError(fault);
}

/** Longer than load balancers keep an idle connection, so that they close it and not we. */
const KEEP_ALIVE_MS = 75 * SECOND_MS;

/** A request that arrives more slowly is cut off. */
const REQUEST_MAX_MS = 60 * SECOND_MS;
const HEADERS_MAX_MS = 10 * SECOND_MS;

function createHttpServer(paths: ReturnType<typeof pathsOf>, ending: Ending): Server {
  const limits = {
    maxHeaderSize: HEADER_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MAX_MS,
    headersTimeout: HEADERS_MAX_MS,
  };
  const underWay = new Set<ServerResponse>();
  // The client opens its next connection to another server.
  const closeAfter = (response: ServerResponse) =>
    response.headersSent ? response : response.setHeader("connection", "close");
  ending.signal.addEventListener("abort", () => {
    underWay.forEach(closeAfter);
  });
  const server = createServer(limits, (request, response) => {
    if (ending.signal.aborted) closeAfter(response);
    underWay.add(response);
    response.once("close", () => underWay.delete(response));
    const serving =
      ending.signal.aborted && mustRefuse(request, ending)
        ? refuseEnding(request, response)
        : serveFunction(paths, request, response, ending);
    serving.catch((error: unknown) => {
      refuseBroken(request, response, error);
    });
  });
  return answerUnreadable(server);
}

/** A start waits for its slot and for TRTC. With less time its outcome may stay unknown. */
const SERVED_MIN_MS = 5 * SECOND_MS;

/** Other requests are still served, so that none is lost while callers turn away. */
const mustRefuse = (request: IncomingMessage, ending: Ending): boolean =>
  asksReady(request) || ending.leftMs() < SERVED_MIN_MS;
