/**
 * The whole project on one machine. A gateway calls the deployed handlers with SCF's events, and
 * timers call them by their cron lines. The database is local or given. The emulator stands for TRTC.
 */
import { randomBytes } from "node:crypto";
import { SECOND_MS, systemClock } from "../shared/clock.js";
import type { Environment } from "../shared/config/environment.js";
import { asApiError } from "../shared/contract/errors.js";
import type { Log } from "../shared/log.js";
import { makeServices } from "../shared/runtime/services.js";
import { beginAnew } from "../shared/store/begin-anew.js";
import type { Database } from "../shared/store/engine/database.js";
import { migrate } from "../shared/store/schema/migrate.js";
import { openPglite } from "../shared/store/engine/pglite.js";
import { openPostgres, openToMigrate } from "../shared/store/engine/postgres.js";
import { ConfigError } from "../shared/config/read-variables.js";
import { type Config, readConfig } from "../shared/config/configuration.js";
import type { Desk } from "./desk.js";
import { type HostedFunction, loadFunctions } from "../server/declared/functions.js";
import { createGateway } from "./gateway.js";
import { localEnvironment, ownEventCaller } from "./environment/local-environment.js";
import { explainBusyPort } from "./terminal/port.js";
import { writeRunFile } from "./environment/run-file.js";
import { SNAPSHOTS } from "./environment/snapshots.js";
import { closeServer, listen } from "../server/listen.js";
import { startTimers } from "../server/timers.js";
import { ingestViews } from "./ingest-views.js";
import type { FindIngests } from "../emulator/page/explain.js";
import { localEmulator } from "./local-emulator.js";

export interface LocalRuntime {
  /** The URL of the `api` function. */
  url: string;
  /** TRTC's address: the emulator of this run, or the one that was named. */
  trtcUrl: string;
  /** The caller of CALLERS that the local event rules act for. Absent: the local caller. */
  eventCaller: string | undefined;
  close: () => Promise<void>;
}

export interface LocalOptions {
  env: Environment;
  /** 0: any free port. */
  port: number;
  trtcPort: number;
  /** Absent: in memory. Not used with a DATABASE_URL. */
  dataDirectory?: string | undefined;
  /** The file that tells other commands about this run. Absent: no file. */
  runFile?: string | undefined;
  log: Log;
}

const LOOPBACK = "127.0.0.1";

/** Requests in progress may finish. */
const GRACE_MS = 3 * SECOND_MS;

/** Opens in the order of need. If a step fails, the earlier ones are closed again. */
export async function startLocal(options: LocalOptions): Promise<LocalRuntime> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    // The gateway comes first, because the emulator needs its address for callbacks.
    const loaded = deferred<readonly HostedFunction[]>();
    const opened: { desk?: Desk } = {};
    const gateway = createGateway(loaded.promise, () => opened.desk);
    const url = await listen(gateway, { host: LOOPBACK, port: options.port }).catch(
      explainBusyPort("PORT"),
    );
    let closing: Promise<void> | undefined;
    const closeGateway = () => (closing ??= closeServer(gateway, GRACE_MS));
    closers.push(closeGateway);
    let onBegunAnew: () => void = () => undefined;
    let findIngests: FindIngests = () => Promise.resolve(new Map());
    const emulator = await localEmulator({
      endpoint: options.env["TRTC_ENDPOINT"],
      port: options.trtcPort,
      callbackUrl: `${url}/room-callback`,
      log: options.log,
      onBegunAnew: () => onBegunAnew(),
      findIngests: (taskIds) => findIngests(taskIds),
    }).catch(explainBusyPort("TRTC_PORT"));
    const { clock } = emulator;
    closers.push(emulator.close);
    const env = localEnvironment(options.env, emulator.url);
    const config = readConfig(env);
    if (config.databaseUrls.size > 0) {
      throw new ConfigError(
        "npm start has one database: unset DATABASE_URLS, or use npm run serve",
      );
    }
    const database = await openDatabase(config, options.dataDirectory);
    const timed = { clock, machineClock: systemClock };
    const services = makeServices({ config, database, log: options.log, ...timed });
    closers.push(() => {
      services.trtc.close();
      return database.close();
    });
    // TRTC may have lost its tasks since the rows were written. An own emulator always has.
    await beginAnew(database.query, clock.now());
    onBegunAnew = () => {
      beginAnew(database.query, clock.now()).catch((error: unknown) => {
        const { code: outcome, detail } = asApiError(error);
        options.log({ level: "warn", function: "local", outcome, detail });
      });
    };
    const functions = await loadFunctions(() => Promise.resolve(services), env);
    findIngests = (taskIds) => ingestViews(database.query, taskIds, clock.now());
    const key = randomBytes(32).toString("base64url");
    const aheadMs = () => clock.offsetMs();
    opened.desk = { key, services, database, env, aheadMs };
    loaded.resolve(functions);
    const timers = startTimers(functions, clock);
    // Requests in progress need everything that is closed after them.
    closers.push(() => atMost(GRACE_MS, timers.close()), closeGateway);
    if (options.runFile !== undefined) {
      const run = { pid: process.pid, url, trtcUrl: emulator.url, key };
      closers.push(await writeRunFile(options.runFile, run));
    }
    const eventCaller = ownEventCaller(options.env)?.Id;
    return { url, trtcUrl: emulator.url, eventCaller, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A run that a busy database keeps from its end is broken off. The next process continues it. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const isOver = new AbortController();
  await Promise.race([work, systemClock.sleep(ms, isOver.signal)]);
  isOver.abort();
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

async function openDatabase(
  { databaseUrl: url, databaseCa: ca }: Config,
  directory?: string,
): Promise<Database> {
  if (url === undefined) return openPglite({ directory, snapshotDirectory: SNAPSHOTS });
  const migrating = openToMigrate({ url, ca });
  try {
    await migrate(migrating);
  } finally {
    await migrating.close();
  }
  return openPostgres({ url, ca });
}
